package chain

import (
	"crypto/ed25519"
	"fmt"
)

// Untrusted returns what is wrong with each seal that is signed neither by one of the
// keys nor by a key that a trusted seal names as the next one.
func Untrusted(seals []*Seal, keys []ed25519.PublicKey) map[*Seal]string {
	known := map[string]ed25519.PublicKey{}
	for _, k := range keys {
		known[KeyID(k)] = k
	}
	trusted := map[*Seal]bool{}
	for changed := true; changed; {
		changed = false
		for _, s := range seals {
			if key, ok := known[s.Key]; ok && !trusted[s] && s.SignedBy(key) {
				trusted[s] = true
				if s.NextKey != nil {
					known[KeyID(s.NextKey)] = s.NextKey
					changed = true
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
			wrong[s] = fmt.Sprintf("signed with key %s, which is neither given nor named by a trusted seal", s.Key)
		}
	}
	return wrong
}
