// Package browser uses the report's form in a real Chromium. It is a module of its
// own so that users of the collector do not carry the driver.
package browser
