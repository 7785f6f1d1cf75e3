package webhook

import (
	"encoding/json"
	"fmt"

	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// TestScope is the scope of events that only test a hook. They go to that hook
// alone.
const TestScope = "store/hook/test"

// State is how far a delivery has come.
type State string

// The states of deliveries.
const (
	Pending   State = "pending"   // it is being sent, or will be
	Delivered State = "delivered" // the destination has answered that it has it
	Failed    State = "failed"    // it was given up
)

// Delivery is one event for one hook.
type Delivery struct {
	HookID int64
	// ID is the event's.
	ID           int64
	Scope        string
	Data         string // a JSON object
	State        State
	Attempts     int64
	Created      int64 // when it happened
	FirstAttempt int64 // 0: none yet
	LastAttempt  int64
	NextAttempt  int64 // 0: none
	Sending      bool  // a process is at it
	Status       int64 // of the last answer; 0: there was none
	Duration     int64 // of the last attempt, in milliseconds
	Error        string
	// Tries are the last attempts, oldest first.
	Tries []Attempt
}

// Attempt is one try to send a delivery. Its request is the payload with the
// headers that follow from it; headers that the hook adds may be secrets and
// are not kept.
type Attempt struct {
	At       int64             `json:"at"`
	URL      string            `json:"url"`
	Duration int64             `json:"ms"` // milliseconds
	Status   int64             `json:"status,omitempty"`
	Headers  map[string]string `json:"headers,omitempty"` // of the answer
	Body     string            `json:"body,omitempty"`    // of the answer, its beginning
	Error    string            `json:"error,omitempty"`
}

// Bounds of what is kept of attempts.
const (
	keptTries  = 5
	keptBody   = 1 << 10
	keptHeader = 256 // bytes of one value
	keptError  = 300
)

// lane tells which deliveries of a hook wait for each other: those about one
// customer, otherwise those about one thing.
func lane(customerID, resourceID int64) int64 {
	if customerID > 0 {
		return customerID
	}
	return -resourceID
}

// Lists of deliveries: those of a hook, the newest first.
var (
	deliveryFields = []listing.Field{
		{Name: "hook", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "hook_id", Hidden: true},
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In, listing.Min, listing.Max}, Column: "id"},
		{Name: "state", Kind: listing.Text, Ops: []listing.Op{listing.Eq, listing.In}, Column: "state",
			Values: map[string]string{"pending": "pending", "delivered": "delivered", "failed": "failed"}},
		{Name: "scope", Kind: listing.Text, Ops: []listing.Op{listing.Eq, listing.In}, Column: "scope"},
		{Name: "created_at", Kind: listing.UnixTime, Ops: []listing.Op{listing.Min, listing.Max}, Column: "date_created"},
	}
	DeliveryList = &listing.Spec{Table: "webhook_deliveries", Fields: deliveryFields, Descending: true, Cursors: true}
)

const deliveryColumns = `id, hook_id, scope, data, state, attempts, date_created, first_attempt, last_attempt, due_at, lease_owner, status, duration, error, tries`

func (d *Delivery) scan(r *sqldb.Row) error {
	*d = Delivery{
		ID: r.Int(0), HookID: r.Int(1), Scope: r.Text(2), Data: r.Text(3), State: State(r.Text(4)), Attempts: r.Int(5), Created: r.Int(6),
		FirstAttempt: r.Int(7), LastAttempt: r.Int(8), NextAttempt: r.Int(9), Sending: r.Text(10) != "",
		Status: r.Int(11), Duration: r.Int(12), Error: r.Text(13),
	}
	if d.Sending {
		d.NextAttempt = 0 // it is under way
	}
	tries, err := readTries(r.Text(14))
	d.Tries = tries
	return err
}

func readTries(text string) (out []Attempt, err error) {
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("webhook: stored attempts: %w", err)
	}
	return out, nil
}

// addTry returns stored attempts with one more, of which the last few stay.
func addTry(text string, a *Attempt) (string, error) {
	tries, err := readTries(text)
	if err != nil {
		tries = nil // what is kept for looking at must not stand in the way
	}
	tries = append(tries, *a)
	out, err := json.Marshal(tries[max(0, len(tries)-keptTries):])
	return string(out), err
}
