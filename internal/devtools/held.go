package devtools

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"clientele/internal/journal"
	"clientele/internal/rest"
	"clientele/internal/serve"
	"clientele/internal/trouble"
)

// held keeps an answer back until it is known what becomes of it.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// maxHeld bounds what is kept of an answer.
const maxHeld = 16 << 20

// WriteHeader implements http.ResponseWriter.
func (h *held) WriteHeader(status int) {
	if h.status == 0 && status >= http.StatusOK {
		h.status = status
	}
}

// Write implements http.ResponseWriter.
func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	if room := maxHeld - h.body.Len(); len(b) > room {
		h.body.Write(b[:max(room, 0)])
		return len(b), nil
	}
	return h.body.Write(b)
}

// FlushError keeps http.ResponseController from sending what is held.
func (h *held) FlushError() error { return nil }

// Unwrap returns the writer below, for http.ResponseController.
func (h *held) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// lose sends what a drop leaves of the answer.
func (h *held) lose(rec *journal.Recorder, x *serve.Exchange, how string) {
	if rec != nil {
		rec.Entry.Dropped = how
	}
	switch {
	case how == trouble.DropEmpty:
		header := h.Header()
		header.Del("Content-Encoding")
		header["Content-Length"] = []string{"0"}
		h.ResponseWriter.WriteHeader(max(h.status, http.StatusOK))
		return
	case how == trouble.DropTruncate && h.body.Len() > 1:
		h.Header()["Content-Length"] = []string{strconv.Itoa(h.body.Len())}
		h.ResponseWriter.WriteHeader(max(h.status, http.StatusOK))
		// The client is to see what came, and then the end.
		_, _ = h.ResponseWriter.Write(h.body.Bytes()[:h.body.Len()/2])
		_ = http.NewResponseController(h.ResponseWriter).Flush()
	}
	panic(http.ErrAbortHandler) // as net/http wants it
}

// lack sends the answer to a batch of which an item has failed.
func (h *held) lack(item, total int) {
	status, body := max(h.status, http.StatusOK), h.body.Bytes()
	var answer struct {
		Data []json.RawMessage `json:"data"`
	}
	if status/100 == 2 && json.Unmarshal(body, &answer) == nil {
		status = http.StatusMultiStatus
		if answer.Data == nil {
			answer.Data = []json.RawMessage{}
		}
		refusal := map[string]any{
			"status": http.StatusUnprocessableEntity, "title": "The item was refused, as a test wants it.", "type": rest.StatusCodes,
			"errors": map[string]string{strconv.Itoa(item - 1): "refused, as a test wants it"},
		}
		if text, err := json.Marshal(map[string]any{
			"data": answer.Data, "errors": []any{refusal}, "meta": map[string]int{"total": total, "success": total - 1, "failed": 1},
		}); err == nil {
			body = text
		}
	}
	h.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	h.ResponseWriter.WriteHeader(status)
	// The exchange is at its end: the client is gone.
	_, _ = h.ResponseWriter.Write(body)
}
