package jobs

import "context"

// Prune is what the runner does now and then.
func (r *Runner) Prune(ctx context.Context) error { return r.prune(ctx) }
