package simulate

import (
	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/model"
)

// NewServer serves the vendor's API over a tenant; it is an http.Handler.
func NewServer(t *model.Tenant, o api.Options) *api.Server { return api.NewServer(t, o) }
