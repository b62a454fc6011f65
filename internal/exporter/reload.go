package exporter

// Reload takes the tenants, their read tokens and the metrics tokens of a new configuration; everything else stays as it was at the start. A configuration that
// [Config.Validate] refuses changes nothing.
func (h *Handler) Reload(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	next, err := newAccess(cfg)
	if err != nil {
		return err
	}
	h.access.Store(next)
	return nil
}
