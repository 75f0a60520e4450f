package errorclass

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/provtrail/provtrail/provisioning"
)

// Input is what is known of an activity.
type Input struct {
	Status   provisioning.Status
	Approval provisioning.Approval
	// RawStatus is the vendor's word, for example "Manual Task Created".
	RawStatus string
	TicketID  string
	// Texts are the error texts, each of which may hold several.
	Error string
	// Warnings say among other things that an administrator closed the request.
	Warnings string

	// SourceID and Operation are part of the fingerprint: one cause on two sources is
	// repaired twice.
	SourceID  string
	Operation provisioning.Operation
}

// Result says what kind of error it is. The zero Result means that there is none.
type Result struct {
	Category Category
	// Signature is the id of the signature that matched, empty where none did.
	Signature string
	// Fingerprint is equal for errors of one cause on one source, see Fingerprint.
	Fingerprint string
}

// Classifier classifies by a table of signatures. Goroutines may share it.
type Classifier struct {
	signatures []compiled
	prefilter  *prefilter
	// causes remembers what texts mean, since a failing source says the same again and
	// again: finding a cause costs tens of microseconds, remembering it a tenth of one.
	causes *lru.Cache[string, cause]
}

// cause is what an error text means.
type cause struct {
	category  Category
	signature string
	text      string // normalized, where no signature matched
}

const (
	rememberedTexts = 4096
	// maxRemembered bounds the memory: longer texts are looked at each time.
	maxRemembered = 1 << 10
)

type compiled struct {
	Signature
	re *regexp.Regexp
	// bare marks the signatures of an HTTP status alone.
	bare bool
}

// New makes a classifier of a table whose patterns Parse has checked.
func New(table []Signature) (*Classifier, error) {
	c := &Classifier{signatures: make([]compiled, len(table))}
	patterns := make([]string, len(table))
	for i, s := range table {
		if err := s.validate(); err != nil {
			return nil, err
		}
		patterns[i] = "(?i)" + s.Pattern
		c.signatures[i] = compiled{Signature: s, re: regexp.MustCompile(patterns[i]), bare: slices.Contains(bareStatus, s.ID)}
	}
	var err error
	if c.prefilter, err = newPrefilter(patterns); err != nil {
		return nil, err
	}
	c.causes, err = lru.New[string, cause](rememberedTexts)
	return c, err
}

// builtin is shared: compiling the signatures takes some milliseconds.
var builtin = sync.OnceValues(func() (*Classifier, error) { return New(Builtin()) })

// Extend makes a classifier of the built-in signatures and a table of own ones, which
// extends and overrides them. A nil reader adds none.
func Extend(own io.Reader) (*Classifier, error) {
	if own == nil {
		return builtin()
	}
	signatures, err := Parse(own)
	if err != nil {
		return nil, err
	}
	return New(Merge(Builtin(), signatures))
}

// Signatures returns the table in the order of precedence.
func (c *Classifier) Signatures() []Signature {
	list := make([]Signature, len(c.signatures))
	for i := range c.signatures {
		list[i] = c.signatures[i].Signature
	}
	return list
}

// Signature returns the signature with an id, nil where there is none.
func (c *Classifier) Signature(id string) *Signature {
	for i := range c.signatures {
		if c.signatures[i].ID == id {
			return &c.signatures[i].Signature
		}
	}
	return nil
}

// Classify decides by the structured fields first and by the texts second. Only an
// activity that failed, is retrying, waits for people or was declined has a category.
func (c *Classifier) Classify(in Input) Result {
	switch in.Status {
	case provisioning.StatusCommitted, provisioning.StatusSuccess, provisioning.StatusNotVerifiable:
		return Result{} // made, whatever became of the rest of its request
	}
	switch in.Approval {
	case provisioning.ApprovalRejected, provisioning.ApprovalReturned:
		return result(in, cause{category: ApprovalRejected})
	case provisioning.ApprovalExpired:
		return result(in, cause{category: ApprovalExpired})
	case provisioning.ApprovalCanceled:
		return result(in, cause{category: RequestCancelled})
	}
	if in.Warnings != "" {
		if w := c.cause(in.Warnings); w.category == RequestCancelled {
			return result(in, w)
		}
	}
	switch in.Status {
	case provisioning.StatusFailed, provisioning.StatusRetrying:
		return result(in, c.cause(in.Error))
	case provisioning.StatusPending:
		// The search index writes "Manual Task Created" while an approval is open, too.
		waits := strings.EqualFold(in.RawStatus, "Manual Task Created") || in.TicketID != ""
		if waits && in.Approval != provisioning.ApprovalPending {
			return result(in, cause{category: ManualWork})
		}
	}
	return Result{}
}

// cause finds what a text means that may hold several errors.
func (c *Classifier) cause(text string) cause {
	if text == "" {
		return cause{category: Unclassified}
	}
	if known, ok := c.causes.Get(text); ok {
		return known
	}
	found := cause{category: Unclassified}
	for part := range split(text[:min(len(text), maxText)]) {
		if s := c.Match(part); s != nil && rank[s.Category] < rank[found.category] {
			found = cause{category: s.Category, signature: s.ID}
		}
	}
	if found.signature == "" {
		found.text = Normalize(text)
	}
	if len(text) <= maxRemembered {
		c.causes.Add(strings.Clone(text), found)
	}
	return found
}

func result(in Input, c cause) Result {
	return Result{Category: c.category, Signature: c.signature, Fingerprint: fingerprint(in.SourceID, in.Operation, c)}
}

// maxText is how much of a text is looked at, in bytes.
const maxText = 8 << 10

// Match returns the first signature that matches one error text, nil where none does.
func (c *Classifier) Match(text string) *Signature {
	text = printable(text[:min(len(text), maxText)])
	var of [16]int
	for _, i := range c.prefilter.candidates(text, of[:0]) {
		s := &c.signatures[i]
		if s.re.MatchString(text) && (!s.bare || isBareStatus(text)) {
			return &s.Signature
		}
	}
	return nil
}

// bareStatus are the signatures of HTTP statuses that mean many things: they count only
// where the text has little else, since words beside the status may say something else.
var bareStatus = []string{"http_400_422", "http_404", "http_500", "http_403", "http_405_415_501"}

var statusWords = regexp.MustCompile(`(?i)\b(https?|status|code|response|error|request|failed|failure|reason|message|msg|the|server|remote|service|returned|received|with|a|an|was|is|occurred|not|found|forbidden|bad|internal|unprocessable|entity|content|gone|method|allowed|unsupported|media|type|implemented|java|javax|org|com|net|io|lang|http|apache|exception|\w+exception|\w+error|\w+fault|\d[\d.]*)\b`)

// wrappers stand around the texts of SaaS connectors.
var wrappers = regexp.MustCompile(`^\[\w+\] ?|\(requestId: \w+\)`)

// isBareStatus reports whether a text says hardly more than an HTTP status.
func isBareStatus(text string) bool {
	text = wrappers.ReplaceAllString(text, "")
	rest := statusWords.ReplaceAllString(text, "")
	return len(strings.FieldsFunc(rest, func(r rune) bool { return r < 'A' || r > 'Z' && r < 'a' || r > 'z' })) <= 2
}
