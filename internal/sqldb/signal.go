package sqldb

import (
	"slices"
	"sync"
)

// Signal tells those of this process who listen to a topic that something of
// interest to them was written, once the transaction is durable.
func (tx *Tx) Signal(topic string) {
	if tx.said != nil && !slices.Contains(*tx.said, topic) {
		*tx.said = append(*tx.said, topic)
	}
}

// Listen has fn called after each commit that signals a topic, until stop is
// called. fn must not block.
func (db *DB) Listen(topic string, fn func()) (stop func()) {
	t := &db.topics
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.listeners == nil {
		t.listeners = map[string][]*func(){}
	}
	t.listeners[topic] = append(t.listeners[topic], &fn)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.listeners[topic] = slices.DeleteFunc(t.listeners[topic], func(f *func()) bool { return f == &fn })
	}
}

// signals are the topics that one transaction has signalled.
type signals []string

type topics struct {
	mu        sync.Mutex
	listeners map[string][]*func()
}

func (t *topics) tell(said signals) {
	for _, topic := range said {
		t.mu.Lock()
		listeners := slices.Clone(t.listeners[topic])
		t.mu.Unlock()
		for _, fn := range listeners {
			(*fn)()
		}
	}
}
