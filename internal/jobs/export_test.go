package jobs

import "context"

// Prune is what the runner does now and then.
func (r *Runner) Prune(ctx context.Context) error { return r.prune(ctx) }

// Renew is what the runner does every few seconds.
func (r *Runner) Renew(ctx context.Context) { r.renew(ctx) }
