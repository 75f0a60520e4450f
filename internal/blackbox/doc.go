// Package blackbox is what tests of the real program share: building it, free ports,
// asking ClickHouse, and comparing facts by id.
package blackbox
