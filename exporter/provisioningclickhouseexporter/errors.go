package provisioningclickhouseexporter

import (
	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
)

type class int

const (
	// passes is everything that may work another time: the network, the server's
	// limits, rights, tables changed by hand, and whatever is not known. Retried for
	// ever, because a retry costs nothing but time.
	passes class = iota
	// refusesRows is a refusal for what some row says. The same rows will never be taken.
	refusesRows
)

// rowErrors are the codes ClickHouse gives for a value, never for a table or for itself.
// Constraints, and functions in views that the user added, raise them.
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
	return passes
}
