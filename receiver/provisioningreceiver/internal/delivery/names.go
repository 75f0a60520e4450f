package delivery

import "sync"

// maxNames bounds the values of an attribute of a metric that the data chooses.
const maxNames = 100

// otherName stands for the names beyond maxNames.
const otherName = "other"

// names are the values of such an attribute. The zero value is empty.
type names struct {
	mu   sync.Mutex // guards seen
	seen map[string]bool
}

// bound returns the name, or otherName when there are too many. isNew: it is returned for
// the first time.
func (n *names) bound(name string) (bounded string, isNew bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	if !n.seen[name] && len(n.seen) >= maxNames {
		name = otherName
	}
	isNew = !n.seen[name]
	n.seen[name] = true
	return name, isNew
}
