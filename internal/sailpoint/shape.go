package sailpoint

// document holds the fields of all shapes that are read. The vendor's names do
// not clash between shapes where a type would.
type document struct {
	ID             string `json:"id"`
	DocType        string `json:"_type"`
	Type           string `json:"type"`
	Action         string `json:"action"`
	Status         string `json:"status"`
	Created        raw    `json:"created"`
	Modified       raw    `json:"modified"`
	Completed      raw    `json:"completed"`
	Synced         raw    `json:"synced"`
	TrackingNumber string `json:"trackingNumber"`
	Errors         raw    `json:"errors"`
	Warnings       raw    `json:"warnings"`
	ClientMetadata raw    `json:"clientMetadata"`

	// REST
	Items            []item    `json:"items"`
	CompletionStatus raw       `json:"completionStatus"`
	ExecutionStatus  raw       `json:"executionStatus"`
	RESTRequester    *identity `json:"requesterIdentitySummary"`
	RESTTarget       *identity `json:"targetIdentitySummary"`

	// search and trigger
	Requester        identity         `json:"requester"`
	Recipient        identity         `json:"recipient"`
	AccountRequests  []accountRequest `json:"accountRequests"`
	OriginalRequests raw              `json:"originalRequests"` // read only where there are no accountRequests
	Approvals        []approval       `json:"approvals"`
	Stage            raw              `json:"stage"`
	ExpansionItems   raw              `json:"expansionItems"`

	// event
	TechnicalName string          `json:"technicalName"`
	Name          string          `json:"name"`
	Operation     string          `json:"operation"`
	Stack         raw             `json:"stack"`
	Objects       raw             `json:"objects"`
	Actor         identity        `json:"actor"`
	Target        identity        `json:"target"`
	Attributes    eventAttributes `json:"attributes"`

	// other triggers
	RequestedItemsStatus raw `json:"requestedItemsStatus"`
	SearchName           raw `json:"searchName"`
	SignedURL            raw `json:"signedS3Url"`
	CallbackURL          raw `json:"callbackURL"`
	Changes              raw `json:"changes"`
	Account              raw `json:"account"`
	Identity             raw `json:"identity"`

	wrapper
}

type identity struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type item struct {
	ID                 string   `json:"id"`
	Requested          raw      `json:"requested"`
	ApprovalStatus     string   `json:"approvalStatus"`
	ProvisioningStatus string   `json:"provisioningStatus"`
	Reviewer           identity `json:"reviewerIdentitySummary"`
	Operation          string   `json:"operation"`
	Attribute          string   `json:"attribute"`
	Value              raw      `json:"value"`
	NativeIdentity     string   `json:"nativeIdentity"`
	SourceID           string   `json:"sourceId"`

	Requests         requestedItem `json:"accountRequestInfo"`
	RequesterComment raw           `json:"requesterComment"`
	ReviewerComment  raw           `json:"reviewerComment"`
	ClientMetadata   raw           `json:"clientMetadata"`
	RemoveDate       raw           `json:"removeDate"`
}

// requestedItem is what an access request asked for.
type requestedItem struct {
	Name string `json:"requestedObjectName"`
	Type string `json:"requestedObjectType"`
}

// accountRequest is a search document's and a trigger's.
type accountRequest struct {
	AccountID         string             `json:"accountId"`
	Op                string             `json:"op"`
	AccountOperation  string             `json:"accountOperation"`
	ProvisioningState string             `json:"provisioningResult"`
	Result            result             `json:"result"`
	Source            identity           `json:"source"`
	Target            raw                `json:"provisioningTarget"`
	TicketID          raw                `json:"ticketId"`
	Attributes        []attributeRequest `json:"attributeRequests"`
}

type result struct {
	Status   string `json:"status"`
	Errors   raw    `json:"errors"`
	TicketID raw    `json:"ticketId"`
}

type attributeRequest struct {
	Op             string `json:"op"`
	Operation      string `json:"operation"`
	Name           string `json:"name"`
	AttributeName  string `json:"attributeName"`
	Value          raw    `json:"value"`
	AttributeValue raw    `json:"attributeValue"`
}

type approval struct {
	Owner     identity         `json:"owner"`
	Result    raw              `json:"result"`
	Modified  raw              `json:"modified"`
	Source    identity         `json:"source"`
	Attribute attributeRequest `json:"attributeRequest"`
	Comment   raw              `json:"comment"`
	Comments  []struct {
		Comment raw `json:"comment"`
	} `json:"comments"`
}

type shape int

const (
	shapeUnknown shape = iota
	shapeREST
	shapeSearch
	shapeEvent
	shapeTrigger
)

// shapeOf recognises a document by the fields only its shape has.
func shapeOf(d *document) shape {
	switch {
	case d.DocType == "event":
		return shapeEvent
	case d.DocType == "accountactivity":
		return shapeSearch
	case isTrigger(d):
		return shapeTrigger
	case d.Items != nil, d.ExecutionStatus != nil, d.CompletionStatus != nil, d.RESTRequester != nil, d.RESTTarget != nil:
		return shapeREST
	case d.AccountRequests != nil, present(d.OriginalRequests), d.Approvals != nil, d.ExpansionItems != nil,
		d.Stage != nil && d.TrackingNumber != "":
		return shapeSearch
	case d.TechnicalName != "", d.Action != "" && (d.Stack != nil || d.Objects != nil || d.Operation != "" || d.Type != ""):
		return shapeEvent
	default:
		return shapeUnknown
	}
}

// isTrigger: a trigger has no id, and its account requests say so in words of
// their own.
func isTrigger(d *document) bool {
	if d.AccountRequests == nil || d.ID != "" {
		return false
	}
	for i := range d.AccountRequests {
		if a := &d.AccountRequests[i]; a.ProvisioningState != "" || a.AccountOperation != "" {
			return true
		}
	}
	return !present(d.Created) && d.Stage == nil
}
