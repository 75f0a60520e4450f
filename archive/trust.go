package archive

import (
	"crypto/ed25519"
	"fmt"
)

// Untrusted returns, for each seal that is not signed by one of the keys, nor by the
// heir that such a seal names, nor by the heir's heir, what is wrong with it.
func Untrusted(seals []*Seal, keys []ed25519.PublicKey) map[*Seal]string {
	known := map[string]ed25519.PublicKey{}
	for _, k := range keys {
		known[KeyID(k)] = k
	}
	trusted := map[*Seal]bool{}
	for again := true; again; {
		again = false
		for _, s := range seals {
			if key, ok := known[s.Key]; ok && !trusted[s] && s.SignedBy(key) {
				trusted[s] = true
				if s.NextKey != nil {
					known[KeyID(s.NextKey)] = s.NextKey
					again = true
				}
			}
		}
	}
	wrong := map[*Seal]string{}
	for _, s := range seals {
		_, ok := known[s.Key]
		switch {
		case trusted[s]:
		case ok:
			wrong[s] = "the signature is wrong: the seal was altered after it was signed"
		default:
			wrong[s] = fmt.Sprintf("signed with key %s, which is neither given nor named by a seal of a given key", s.Key)
		}
	}
	return wrong
}
