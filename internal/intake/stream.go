package intake

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"time"

	"clientele/internal/fault"
	"clientele/internal/system"
)

const (
	// streamRate is how many bytes a second a body has to come at that is written
	// away as it comes, on average, and streamLongest how long it may take.
	streamRate    = 16 << 10
	streamLongest = 4 * time.Hour
	// answerTime is how long the answer to such a body may take.
	answerTime = 2 * time.Minute
	// longAnswer is how long an answer may take that is written away as well.
	longAnswer = 15 * time.Minute
)

// Stream is a body that is written away as it comes: it takes no memory of the
// budgets, and may take longer than others.
type Stream struct {
	w    http.ResponseWriter
	r    *http.Request
	text io.Reader
	most int64
	got  int64
}

// Stream returns the body of a request, or what it was compressed from, of at most
// most bytes. It is to be given back with End. The errors of Read are faults.
func (in *Intake) Stream(w http.ResponseWriter, r *http.Request, most int64) (*Stream, error) {
	zipped, err := compressed(r)
	if err != nil {
		return nil, err
	}
	if r.ContentLength > most {
		return nil, tooLarge(most)
	}
	s := &Stream{w: w, r: r, most: most}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	s.text = &flow{w: w, r: r.Body, pause: in.limits.Pause, start: system.Machine()}
	if !zipped {
		return s, nil
	}
	if s.text, err = gzip.NewReader(s.text); err != nil {
		return nil, s.End(unreadable(err))
	}
	return s, nil
}

// Long gives an answer more time than others have, as to a client that takes much.
func Long(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(system.Machine().Add(longAnswer)) // a writer of tests has none
}

// Read implements io.Reader.
func (s *Stream) Read(b []byte) (int, error) {
	n, err := s.text.Read(b)
	if s.got += int64(n); s.got > s.most {
		return n, tooLarge(s.most)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = unreadable(err)
	}
	return n, err
}

// End ends the reading, and returns its error. After one the connection is closed
// once it is answered; else the answer has its time from now on.
func (s *Stream) End(err error) error {
	_ = http.NewResponseController(s.w).SetWriteDeadline(system.Machine().Add(answerTime)) // a writer of tests has none
	if err == nil {
		setReadDeadline(s.w, time.Time{})
		s.r.Body = http.NoBody // nothing is left for Intake.End
		return nil
	}
	s.w.Header()["Connection"] = []string{"close"}
	if f := fault.As(err); f != nil && f.Kind == fault.TooSlow {
		s.r.Body = http.NoBody // it had its time
	}
	setReadDeadline(s.w, system.Machine().Add(linger))
	return err
}

// flow ends a body that does not make progress.
type flow struct {
	w       http.ResponseWriter
	r       io.Reader
	pause   time.Duration
	start   time.Time
	renewed time.Time
	got     int64
}

// Read implements io.Reader.
func (f *flow) Read(to []byte) (int, error) {
	if now := system.Machine(); f.renewed.IsZero() || now.Sub(f.renewed) > f.pause/16 {
		enough := f.start.Add(f.pause + time.Duration(float64(f.got)/streamRate*float64(time.Second)))
		setReadDeadline(f.w, earliest(now.Add(f.pause), enough, f.start.Add(streamLongest)))
		f.renewed = now
	}
	n, err := f.r.Read(to)
	f.got += int64(n)
	return n, err
}
