package chain

import (
	"crypto/ed25519"
	"fmt"
)

// Trust returns the trusted keys by KeyID, which are those given and those that a trusted
// seal names as the next one, and what is wrong with each seal that none of them signed.
func Trust(seals []*Seal, keys []ed25519.PublicKey) (trusted map[string]ed25519.PublicKey, wrong map[*Seal]string) {
	trusted = map[string]ed25519.PublicKey{}
	for _, k := range keys {
		trusted[KeyID(k)] = k
	}
	valid := map[*Seal]bool{}
	for changed := true; changed; {
		changed = false
		for _, s := range seals {
			if key, ok := trusted[s.Key]; ok && !valid[s] && s.SignedBy(key) {
				valid[s] = true
				if s.NextKey != nil {
					trusted[KeyID(s.NextKey)] = s.NextKey
					changed = true
				}
			}
		}
	}
	wrong = map[*Seal]string{}
	for _, s := range seals {
		_, ok := trusted[s.Key]
		switch {
		case valid[s]:
		case ok:
			wrong[s] = "the signature is wrong: the seal was altered after it was signed"
		default:
			wrong[s] = fmt.Sprintf("signed with key %s, which is neither given nor named by a trusted seal", s.Key)
		}
	}
	return trusted, wrong
}
