package provisioningclickhouseexporter

import (
	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
)

type class int

const (
	// temporary errors may pass: the network, the server's limits, rights, tables changed
	// by hand, and every unknown error. The batch is sent again without a limit.
	temporary class = iota
	// refusesRows is a refusal for the content of some row, which is final.
	refusesRows
)

// rowErrors are the codes that ClickHouse returns for a value, never for a table or a
// server. Constraints, and functions in views that a user added, raise them.
var rowErrors = []proto.Error{
	proto.ErrViolatedConstraint,
	proto.ErrTooLargeStringSize,
	proto.ErrFunctionThrowIfValueIsNonZero,
	proto.ErrCannotParseText,
	proto.ErrCannotParseNumber,
	proto.ErrCannotParseDate,
	proto.ErrCannotParseDatetime,
	proto.ErrCannotParseUUID,
	proto.ErrValueIsOutOfRangeOfDataType,
	proto.ErrArgumentOutOfBound,
}

func classify(err error) class {
	if exception, ok := ch.AsException(err); ok && exception.IsCode(rowErrors...) {
		return refusesRows
	}
	return temporary
}
