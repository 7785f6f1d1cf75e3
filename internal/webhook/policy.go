package webhook

// waits are the seconds between attempts: some 48 hours in all.
var waits = [...]int64{60, 180, 300, 600, 900, 1800, 3600, 7200, 21600, 50400, 86400}

// MaxAttempts is how often a delivery is tried before its hook is switched off.
const MaxAttempts = len(waits) + 1

// RetryAfter returns how many seconds after a failed attempt the next one is
// made, attempts being those made so far. After the last one there is none.
func RetryAfter(attempts int) (seconds int64, ok bool) {
	if attempts < 1 || attempts > len(waits) {
		return 0, false
	}
	return waits[attempts-1], true
}

// postponed returns the step and the time of a delivery whose turn came while
// its destination was blocked until a time. It goes on to the next step of the
// schedule, so that what piles up for a dead destination comes to its end in
// the time that the schedule takes, but it never misses the last attempt.
func postponed(step, now, until int64) (next, due int64) {
	wait, ok := RetryAfter(int(step) + 1)
	if !ok {
		return step, until
	}
	return step + 1, max(until, now+wait)
}

// idleTime is how long an active hook may hear of nothing.
const idleTime = 90 * 24 * 60 * 60

// Idle reports whether an active hook is to be switched off because nothing
// has happened that it waits for since it was last changed.
func (h *Hook) Idle(now int64) bool {
	return h.IsActive && now-max(h.LastEvent, h.DateModified) >= idleTime
}

// idleWatch is for how many seconds a hook is to be seen idle before it is
// switched off. One look is not enough: while the clock is far ahead, every hook
// looks idle.
const idleWatch = 24 * 60 * 60

// watchIdle counts the time for which an active hook has been seen idle, and
// reports whether it is to be switched off. The time since the look before
// counts as far as the clock and this process, which saw elapsed seconds go by
// since its own last look, agree on it.
func (h *Hook) watchIdle(now, elapsed int64) (off bool) {
	if !h.Idle(now) {
		h.idleSeen, h.idleTime = 0, 0
		return false
	}
	// The count begins anew at the first look, and if an event or a change came
	// after the look before: by its present dates the hook was not idle then.
	if h.idleSeen == 0 || !h.Idle(h.idleSeen) {
		h.idleTime = 0
	} else {
		h.idleTime += max(0, min(elapsed, now-h.idleSeen))
	}
	h.idleSeen = now
	return h.idleTime >= idleWatch
}

// exceptionInterval is how often a destination's failures that will be retried
// may be told of, in seconds.
const exceptionInterval = 10 * 60

// blockNotices is how often, in seconds, people are told by email that a domain
// is blocked: one that stays dead is blocked again every few minutes.
const blockNotices = 60 * 60

// ExceptionDue reports whether an event with a code is to be told now. last is
// the time at which one with that code was last told for the destination, 0 if
// none was. Only events of failures that will be retried have to wait.
func ExceptionDue(code int, last, now int64) bool {
	return code != ExceptionRetry || last == 0 || now-last >= exceptionInterval
}

// When a domain is blocked.
const (
	windowTime    = 120 // seconds that count
	windowLeast   = 100 // sends, below which nothing is judged
	windowPercent = 90  // of successes, below which the domain is blocked
	BlockTime     = 180 // seconds that a block lasts
)

// Window counts the outcomes of the last two minutes of sending to one domain
// for one API account. The zero Window is empty.
type Window struct {
	seconds [windowTime]struct {
		at        int64
		good, bad int32
	}
}

// Record notes an outcome, and tells whether the domain is to be blocked. The
// count begins anew then.
func (w *Window) Record(now int64, ok bool) (block bool) {
	s := &w.seconds[uint64(now)%windowTime]
	if s.at != now {
		s.at, s.good, s.bad = now, 0, 0
	}
	if ok {
		s.good++
	} else {
		s.bad++
	}
	good, bad := w.count(now)
	if good+bad < windowLeast || good*100 >= (good+bad)*windowPercent {
		return false
	}
	*w = Window{}
	return true
}

func (w *Window) count(now int64) (good, bad int64) {
	for i := range w.seconds {
		if s := &w.seconds[i]; s.at > now-windowTime && s.at <= now {
			good += int64(s.good)
			bad += int64(s.bad)
		}
	}
	return good, bad
}

// Idle reports whether nothing in the window counts any more.
func (w *Window) Idle(now int64) bool {
	good, bad := w.count(now)
	return good+bad == 0
}
