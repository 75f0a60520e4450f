package provisioningreportextension

import (
	"net/http"
	"sync"

	"go.uber.org/zap"

	"github.com/provtrail/provtrail/archive"
)

// personalKeys is the key store of the archive, which the exporter may create after the
// extension has started.
type personalKeys struct {
	mu   sync.Mutex // guards keys
	keys *archive.PersonalKeys
}

// decrypting lets requests read an archive with privacy.
func (r *reporter) decrypting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		keys, err := r.keys.open(r.config)
		if err != nil {
			r.logger.Error("the key store of persons cannot be read", zap.Error(err))
			http.Error(w, "the key store of persons cannot be read, see the log", http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, req.WithContext(archive.WithPersonalKeys(req.Context(), keys)))
	})
}

// open returns nil where there is no key store.
func (p *personalKeys) open(cfg *Config) (*archive.PersonalKeys, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys != nil {
		return p.keys, nil
	}
	var err error
	p.keys, err = archive.OpenPersonalKeys(cfg.Directory, cfg.PersonalKeys)
	return p.keys, err
}

func (p *personalKeys) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys == nil {
		return nil
	}
	return p.keys.Close()
}
