package model

import (
	"fmt"
	"slices"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// newSources is the tenant's catalogue: one of each sort a company has.
func newSources(r random) []*Source {
	sources := []*Source{
		{
			Name: identityNowName, Type: "IdentityNowConnector", account: byName, Passwords: true,
			EntitlementAttribute: "assignedRoles", Entitlements: roles(r),
			Attributes: []string{"email", "phone", "displayName"},
			Seconds:    0.8, FailureRate: 0.01, VerifyRate: 0.98, AggregateMin: 15,
		},
		{
			Name: "Active Directory", Type: "ADLDAPConnector", Family: "Active Directory", account: byDN, Passwords: true,
			EntitlementAttribute: "memberOf", Entitlements: groups("CN=%s,OU=Groups,"+domain, adGroups),
			Attributes: []string{"department", "title", "telephoneNumber", "manager"},
			Seconds:    4, FailureRate: 0.05, VerifyRate: 0.93, AggregateMin: 120,
		},
		{
			Name: "Entra ID", Type: "Azure Active Directory - Direct", Family: "Microsoft Entra ID", account: byEmail, Passwords: true,
			EntitlementAttribute: "groups", Entitlements: ids(r, 14), Attributes: []string{"jobTitle", "officeLocation", "usageLocation"},
			Seconds: 6, FailureRate: 0.05, VerifyRate: 0.92, AggregateMin: 180,
		},
		{
			Name: "Corp LDAP", Type: "OpenLDAP - Direct", Family: "LDAP", account: byUID, Passwords: true,
			EntitlementAttribute: "groups", Entitlements: groups("cn=%s,ou=groups,dc=example,dc=com", ldapGroups),
			Attributes: []string{"mobile", "departmentNumber"},
			Seconds:    2, FailureRate: 0.03, VerifyRate: 0.95, AggregateMin: 240,
		},
		{
			Name: "SAP ERP", Type: "SAP - Direct", Family: "SAP Direct", account: byNumber("E"), Passwords: true,
			EntitlementAttribute: "Roles", Entitlements: sapRoles, Attributes: []string{"Cost center", "Function"},
			Seconds: 20, FailureRate: 0.09, VerifyRate: 0.88, AggregateMin: 720,
		},
		{
			Name: "Salesforce", Type: "Salesforce - Direct", Family: "Salesforce", account: byEmail,
			EntitlementAttribute: "PermissionSets", Entitlements: permissionSets, Attributes: []string{"Title", "Division"},
			Seconds: 5, FailureRate: 0.05, VerifyRate: 0.9, AggregateMin: 360,
		},
		{
			Name: "Workday", Type: "Workday - Direct", Family: "Workday", account: byNumber(""),
			EntitlementAttribute: "Role", Entitlements: []string{"HR Partner", "Recruiter", "Payroll Analyst", "Manager", "Compensation Partner"},
			Attributes: []string{"EMAIL_ADDRESS_WORK", "PHONE_WORK", "USER_NAME"},
			Seconds:    12, FailureRate: 0.04, VerifyRate: 0.9, AggregateMin: 1440,
		},
		{
			Name: "ServiceNow CMDB", Type: "ServiceNow - Direct", Family: "ServiceNow", account: byUser, ServiceDesk: "ServiceNow SDIM",
			EntitlementAttribute: "groups", Entitlements: []string{"itil", "catalog_admin", "change_manager", "asset", "knowledge_manager"},
			Attributes: []string{"location", "cost_center"},
			Seconds:    4 * 3600, FailureRate: 0.06, VerifyRate: 0.7, AggregateMin: 720,
		},
		{
			Name: "Payroll DB", Type: "JDBC", Family: "Oracle Database", account: byNumber("P"), Passwords: true,
			EntitlementAttribute: "role_name", Entitlements: []string{"PAY_READ", "PAY_WRITE", "PAY_APPROVE", "PAY_AUDIT"},
			Attributes: []string{"cost_centre", "grade"},
			Seconds:    1.5, FailureRate: 0.06, VerifyRate: 0.9, AggregateMin: 360,
		},
		{
			Name: "Badge System", Type: "DelimitedFile", account: byNumber("B-"), Disconnected: true,
			EntitlementAttribute: "zones", Entitlements: []string{"HQ Lobby", "HQ Floor 3", "Data Center East", "Warehouse", "Lab 2"},
			Attributes: []string{"badge_type"},
			Seconds:    5 * 3600, VerifyRate: 0, AggregateMin: 1440,
		},
	}
	for _, s := range sources {
		s.ID = r.hex32()
		if !s.Disconnected {
			s.faults = faultsOf(s.Family)
			s.passing = slices.DeleteFunc(slices.Clone(s.faults), func(f *errorclass.Signature) bool { return f.Retry != errorclass.RetryYes })
		}
	}
	return sources
}

var (
	adGroups = []string{
		"HelpDesk", "Sales-EMEA", "Sales-Americas", "Finance-Read", "Finance-Post", "VPN-Users", "Wifi-Corp", "Dev-All",
		"Dev-Prod-Deploy", "HR-Records", "Treasury", "Citrix-Users", "Printers-HQ", "Share-Legal-RW", "Tableau-Viewer", "Admins-Tier2",
	}
	ldapGroups     = []string{"unix-users", "git", "jenkins", "oncall", "dba", "sudoers", "monitoring", "build"}
	sapRoles       = []string{"Z_FI_DISPLAY", "Z_FI_AP_CLERK", "Z_FI_AR_CLERK", "Z_MM_BUYER", "Z_SD_SALES", "Z_HR_ADMIN", "Z_CO_REPORT", "Z_BASIS_SUPPORT"}
	permissionSets = []string{"Sales Cloud User", "Service Cloud User", "CPQ Approver", "Report Builder", "API Enabled", "Marketing User"}
	roleNames      = []string{"Treasury Analyst", "Sales Representative", "Field Engineer", "HR Generalist", "Support Agent", "Data Scientist", "Contract Manager", "Site Reliability"}
)

func groups(pattern string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf(pattern, n)
	}
	return out
}

func ids(r random, n int) []string {
	out := make([]string, n)
	for i := range out {
		g := guid(r)
		out[i] = g[1 : len(g)-1]
	}
	return out
}

// roles are written with an id, as the identity system writes them on itself.
func roles(r random) []string {
	out := make([]string, len(roleNames))
	for i, n := range roleNames {
		out[i] = fmt.Sprintf("%s [AccessProfile-%d]", n, 1529010191212+r.Int64N(1e9))
	}
	return out
}
