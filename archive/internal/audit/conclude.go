package audit

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// maxAge of the newest seal, and of the end of an hour that is not sealed: sealing takes
// place a few minutes after each hour.
const maxAge = 3 * time.Hour

// checkHeads looks for the heads that are remembered outside the archive.
func (v *verifier) checkHeads() {
	for _, head := range v.opt.Heads {
		found := false
		detail := []string{"the chain does not contain the remembered " + head.String()}
		for _, s := range v.chain.seals {
			found = found || s.trusted && s.Digest == head.Digest
			if s.trusted && s.Recovery.Names(head.Digest) {
				detail = append(detail, "its loss is stated in "+s.Name)
			}
		}
		if !found {
			v.blame(LostHead, layout.ChainDir, "%s", strings.Join(detail, "; "))
		}
	}
}

// unsealed counts a file of an hour after the end of the chain.
func (v *verifier) unsealed(f layout.DataFile) {
	v.Unsealed++
	if v.opt.Now.Sub((f.Hour + 1).Start()) > maxAge {
		v.Overdue++
	}
	v.future(f.Hour)
}

func (v *verifier) future(h layout.Hour) {
	if h.Start().After(v.opt.Now) {
		v.Future++
	}
}

// conclude says up to when the archive is proven and warns of what is late.
func (v *verifier) conclude() {
	if n := len(v.Erased); n > 0 {
		slices.SortFunc(v.Erased, func(a, b chain.Erasure) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Key, b.Key)) })
		last := v.Erased[n-1]
		v.note("%d keys of persons were destroyed, so that their texts are erased: the last was key %s, at %s", n, last.Key, last.At.Format("2006-01-02 15:04 UTC"))
	}
	var newest *foundSeal
	for _, s := range v.chain.seals {
		if !s.trusted {
			continue
		}
		if !slices.Contains(v.Keys, s.Key) {
			v.Keys = append(v.Keys, s.Key)
		}
		if newest == nil || s.Hour > newest.Hour {
			newest = s
		}
		v.future(s.Hour)
	}
	slices.Sort(v.Keys)
	if newest != nil {
		head := newest.Head()
		v.Archive, v.Newest = head.Archive, &head
		v.Retention = int64(newest.Retention.Duration() / time.Second)
		v.Holds = newest.Holds
		age := v.opt.Now.Sub(head.SealedAt)
		v.AgeSeconds = int64(age / time.Second)
		if until := (newest.Hour + 1).Start(); v.OK() && v.Hours > 0 {
			v.UnalteredUntil = &until
		}
		if age > maxAge {
			v.warn("the newest seal is %s old: is the collector running and sealing?", age.Round(time.Minute))
		}
	}
	switch {
	case v.Overdue > 0 && v.Hours == 0:
		v.blame(MissingHour, layout.ChainDir, "no hour is sealed, and %d files are in hours that ended more than %s ago: nothing proves them", v.Overdue, maxAge)
	case v.Overdue > 0:
		v.warn("%d files are in hours that ended more than %s ago and are not sealed", v.Overdue, maxAge)
	}
	if v.Future > 0 {
		v.warn("%d files or seals are of hours that have not begun: the clock was wrong", v.Future)
	}
	if v.Expired > 0 {
		v.warn("%d sealed files expired and are not there any more", v.Expired)
	}
	if v.Unproven > 0 {
		v.warn("%d files are of hours whose seals were lost: nothing proves them", v.Unproven)
	}
}
