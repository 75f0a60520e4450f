package sailpoint

import (
	"strings"

	"github.com/provtrail/provtrail/provisioning"
)

// change is what an event's name says.
type change struct {
	operation provisioning.Operation
	side      provisioning.FailedOn // of a password event
	status    string                // where the name itself has one
	either    bool                  // a password event of either side: the source it names decides
}

// actions are the audit events that report a change of access, by action or by
// technical name without its status (docs: audit events reference).
var actions = map[string]change{
	// type ACCESS_ITEM
	"addentitlement":    {operation: provisioning.OperationAdd},
	"removeentitlement": {operation: provisioning.OperationRemove},
	"setentitlement":    {operation: provisioning.OperationSet},
	"entitlementadd":    {operation: provisioning.OperationAdd},
	"entitlementremove": {operation: provisioning.OperationRemove},
	"entitlementset":    {operation: provisioning.OperationSet},

	// type PASSWORD_ACTIVITY, tried on IdentityNow, or on the source they name
	"passwordchange":        {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnIdentityNow, either: true},
	"actionpasswordchange":  {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnIdentityNow, either: true},
	"expiredpasswordchange": {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnIdentityNow, either: true},
	"forgotpasswordchange":  {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnIdentityNow, either: true},
	"userpasswordupdate":    {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnIdentityNow},
	"userpasswordreset":     {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnIdentityNow},
	"accountfullreset":      {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnIdentityNow},

	// type PASSWORD_ACTIVITY, tried on a source
	"passwordactionchange":         {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnSource},
	"accountpasswordreset":         {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnSource},
	"accountpasswordsync":          {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnSource},
	"accountpasswordchange":        {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnSource},
	"sourceexternalpasswordchange": {operation: provisioning.OperationChangePassword, side: provisioning.FailedOnSource},
}

// suffixes are the statuses that names end in.
var suffixes = []struct{ suffix, status string }{
	{"passed", "PASSED"},
	{"failed", "FAILED"},
	{"failure", "FAILED"},
	{"rejected", "FAILED"}, // USER_PASSWORD_RESET_REJECTED: it was not made
	{"success", "PASSED"},
	{"started", "STARTED"},
}

func init() {
	for _, op := range []provisioning.Operation{
		provisioning.OperationCreate, provisioning.OperationModify, provisioning.OperationDelete,
		provisioning.OperationEnable, provisioning.OperationDisable, provisioning.OperationUnlock, provisioning.OperationLock,
	} {
		word := strings.ToLower(string(op))
		actions[word+"account"] = change{operation: op} // ModifyAccount, DELETE_ACCOUNT_PASSED
		actions["account"+word] = change{operation: op} // ACCOUNT_MODIFY_PASSED
	}
}

// changeOf reads an event's technical name, else its action. A status alone
// (ModifyAccountFailure) is part of the name.
func changeOf(d *document) (change, bool) {
	for _, name := range [...]string{d.TechnicalName, d.Action} {
		if name == "" {
			continue
		}
		if c, ok := changeNamed(name); ok {
			return c, true
		}
	}
	return change{}, false
}

func changeNamed(name string) (change, bool) {
	word := plainWord(name)
	if c, ok := actions[word]; ok {
		return c, true
	}
	for _, s := range suffixes {
		if stem, found := strings.CutSuffix(word, s.suffix); found {
			c, ok := actions[stem]
			c.status = s.status
			return c, ok
		}
	}
	return change{}, false
}
