package model

import "fmt"

// newSources is the tenant's catalogue: one of each sort a company has.
func newSources(r random) []*Source {
	sources := []*Source{
		{
			Name: identityNowName, Type: "IdentityNowConnector", account: byName, Passwords: true,
			EntitlementAttribute: "assignedRoles", Entitlements: roles(r),
			Attributes: []string{"email", "phone", "displayName"},
			Seconds:    0.8, FailureRate: 0.01, VerifyRate: 0.98, AggregateMin: 15,
			Errors: []ErrorText{
				{"java.util.concurrent.TimeoutException: Timed out waiting for the identity lock of %s", true},
				{"The new password does not meet the requirements of the policy 'Default Password Policy'", false},
			},
		},
		{
			Name: "Active Directory", Type: "ADLDAPConnector", account: byDN, Passwords: true,
			EntitlementAttribute: "memberOf", Entitlements: groups("CN=%s,OU=Groups,"+domain, adGroups),
			Attributes: []string{"department", "title", "telephoneNumber", "manager"},
			Seconds:    4, FailureRate: 0.05, VerifyRate: 0.93, AggregateMin: 120,
			Errors: []ErrorText{
				{"sailpoint.connector.ConnectorException: java.lang.InterruptedException: Timeout waiting for response to message 0 from client fbeb8b5d-506b-d5e0-e97f-d586124e649f after 60 seconds.", true},
				{"[LDAP: error code 68 - 00000524: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0] for %s", false},
				{"Error(s) reported back from the IQService - Failed to connect to the server. The server is not operational. 0x8007203a", true},
				{"Error(s) reported back from the IQService - Access is denied. 0x80070005:00000005: SecErr: DSID-03152E29, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0", false},
			},
		},
		{
			Name: "Entra ID", Type: "Azure Active Directory - Direct", account: byEmail, Passwords: true,
			EntitlementAttribute: "groups", Entitlements: ids(r, 14), Attributes: []string{"jobTitle", "officeLocation", "usageLocation"},
			Seconds: 6, FailureRate: 0.05, VerifyRate: 0.92, AggregateMin: 180,
			Errors: []ErrorText{
				{"Exception occurred while executing request. Response Code: 429, Error - TooManyRequests: This request is throttled. Please try again after the value specified in the Retry-After header.", true},
				{"Exception occurred while executing request. Response Code: 400, Error - Request_BadRequest: One or more added object references already exist for the following modified properties: 'members'.", false},
				{"Exception occurred while executing request. Response Code: 503, Error - ServiceUnavailable", true},
			},
		},
		{
			Name: "Corp LDAP", Type: "OpenLDAP - Direct", account: byUID, Passwords: true,
			EntitlementAttribute: "groups", Entitlements: groups("cn=%s,ou=groups,dc=example,dc=com", ldapGroups),
			Attributes: []string{"mobile", "departmentNumber"},
			Seconds:    2, FailureRate: 0.03, VerifyRate: 0.95, AggregateMin: 240,
			Errors: []ErrorText{
				{"javax.naming.CommunicationException: ldap.example.com:636 [Root exception is java.net.ConnectException: Connection timed out]", true},
				{"[LDAP: error code 32 - No Such Object] for %s", false},
			},
		},
		{
			Name: "SAP ERP", Type: "SAP - Direct", account: byNumber("E"), Passwords: true,
			EntitlementAttribute: "Roles", Entitlements: sapRoles, Attributes: []string{"Cost center", "Function"},
			Seconds: 20, FailureRate: 0.09, VerifyRate: 0.88, AggregateMin: 720,
			Errors: []ErrorText{
				{"com.sap.conn.jco.JCoException: (102) JCO_ERROR_COMMUNICATION: Connect to SAP gateway failed", true},
				{"User %s is currently being edited by another administrator", true},
				{"BAPI_USER_ACTGROUPS_ASSIGN: Role does not exist in the system", false},
			},
		},
		{
			Name: "Salesforce", Type: "Salesforce - Direct", account: byEmail,
			EntitlementAttribute: "PermissionSets", Entitlements: permissionSets, Attributes: []string{"Title", "Division"},
			Seconds: 5, FailureRate: 0.05, VerifyRate: 0.9, AggregateMin: 360,
			Errors: []ErrorText{
				{"LICENSE_LIMIT_EXCEEDED: No more licenses of this type are available for %s", false},
				{"UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record", true},
				{"REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.", true},
			},
		},
		{
			Name: "Workday", Type: "Workday - Direct", account: byNumber(""),
			EntitlementAttribute: "Role", Entitlements: []string{"HR Partner", "Recruiter", "Payroll Analyst", "Manager", "Compensation Partner"},
			Attributes: []string{"EMAIL_ADDRESS_WORK", "PHONE_WORK", "USER_NAME"},
			Seconds:    12, FailureRate: 0.04, VerifyRate: 0.9, AggregateMin: 1440,
			Errors: []ErrorText{
				{"com.workday.exception.ProcessingFaultException: Processing error occurred. The task submitted is not authorized.", false},
				{"java.net.SocketTimeoutException: Read timed out", true},
			},
		},
		{
			Name: "ServiceNow CMDB", Type: "ServiceNow - Direct", account: byUser, ServiceDesk: "ServiceNow SDIM",
			EntitlementAttribute: "groups", Entitlements: []string{"itil", "catalog_admin", "change_manager", "asset", "knowledge_manager"},
			Attributes: []string{"location", "cost_center"},
			Seconds:    4 * 3600, FailureRate: 0.06, VerifyRate: 0.7, AggregateMin: 720,
			Errors: []ErrorText{
				{"Service desk ticket was closed as incomplete: approver of the cost center did not answer", false},
				{"Error while creating a ticket: HTTP 503 Service Unavailable from the service desk", true},
			},
		},
		{
			Name: "Payroll DB", Type: "JDBC", account: byNumber("P"), Passwords: true,
			EntitlementAttribute: "role_name", Entitlements: []string{"PAY_READ", "PAY_WRITE", "PAY_APPROVE", "PAY_AUDIT"},
			Attributes: []string{"cost_centre", "grade"},
			Seconds:    1.5, FailureRate: 0.06, VerifyRate: 0.9, AggregateMin: 360,
			Errors: []ErrorText{
				{"java.sql.SQLRecoverableException: IO Error: The Network Adapter could not establish the connection", true},
				{"java.sql.SQLIntegrityConstraintViolationException: ORA-00001: unique constraint (PAYROLL.USERS_PK) violated for %s", false},
				{"java.sql.SQLException: Lock wait timeout exceeded; try restarting transaction", true},
			},
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
