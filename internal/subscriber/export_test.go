package subscriber

import "clientele/internal/sqldb"

// CreateTogether makes subscribers as those are made that wait for each other.
func CreateTogether(tx *sqldb.Tx, in []Create, by Origin, now int64) ([]Subscriber, []error, error) {
	some := make([]*creation, len(in))
	for i := range in {
		sub, err := in[i].build()
		if err != nil {
			return nil, nil, err
		}
		some[i] = &creation{Subscriber: sub, by: by}
	}
	own, err := createAll(tx, some, now)
	out := make([]Subscriber, len(in))
	for i, c := range some {
		out[i] = c.Subscriber
	}
	return out, own, err
}
