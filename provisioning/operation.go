package provisioning

import "strings"

// Operation is what an activity does to an account or to one of its attributes.
// The list is open: a word the vendor adds is kept as it came.
type Operation string

const (
	OperationAdd            Operation = "Add"
	OperationCreate         Operation = "Create"
	OperationModify         Operation = "Modify"
	OperationDelete         Operation = "Delete"
	OperationDisable        Operation = "Disable"
	OperationEnable         Operation = "Enable"
	OperationUnlock         Operation = "Unlock"
	OperationLock           Operation = "Lock"
	OperationRemove         Operation = "Remove"
	OperationSet            Operation = "Set"
	OperationChangePassword Operation = "ChangePassword"
)

var operations = func() map[string]Operation {
	words := map[string]Operation{"change_password": OperationChangePassword}
	for _, op := range []Operation{
		OperationAdd, OperationCreate, OperationModify, OperationDelete, OperationDisable, OperationEnable,
		OperationUnlock, OperationLock, OperationRemove, OperationSet, OperationChangePassword,
	} {
		words[strings.ToLower(string(op))] = op
	}
	return words
}()

// ParseOperation reads a vendor's word in any case (ADD, Add, add). known is
// false for a word that is not in the list; it is then returned as it came.
func ParseOperation(word string) (op Operation, known bool) {
	if op, known = operations[word]; known {
		return op, true
	}
	if op, known = operations[strings.ToLower(word)]; known {
		return op, true
	}
	return Operation(word), word == ""
}

// covers reports whether an account-level operation includes a finer one:
// modifying an account is adding, removing or setting its attributes.
func (op Operation) covers(finer Operation) bool {
	if op == finer || op == "" {
		return true
	}
	switch op {
	case OperationModify:
		return finer == OperationAdd || finer == OperationRemove || finer == OperationSet
	case OperationCreate:
		return finer == OperationAdd || finer == OperationSet
	case OperationDelete:
		return finer == OperationRemove
	default:
		return false
	}
}
