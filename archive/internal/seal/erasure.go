package seal

import "github.com/provtrail/provtrail/archive/internal/chain"

// stateErasures enters the key store and the keys that were destroyed since the last seal.
func (s *Sealer) stateErasures(e *chain.Entry) (err error) {
	if s.opt.Personal == nil {
		return nil
	}
	e.KeyStore = s.opt.Personal.ID()
	e.Erased, err = s.opt.Personal.Unstated()
	return err
}
