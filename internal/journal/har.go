package journal

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"clientele/api"
)

// HAR is an HTTP Archive 1.2, which browsers and other tools read.
type HAR struct {
	Log harLog `json:"log"`
}

type harLog struct {
	Version string     `json:"version"`
	Creator harCreator `json:"creator"`
	Entries []harEntry `json:"entries"`
}

type harCreator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type harEntry struct {
	Started  time.Time          `json:"startedDateTime"`
	Time     float64            `json:"time"`
	Request  harRequest         `json:"request"`
	Response harResponse        `json:"response"`
	Cache    struct{}           `json:"cache"`
	Timings  map[string]float64 `json:"timings"`
	Comment  string             `json:"comment,omitempty"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harBody struct {
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
	Size     int64  `json:"size,omitempty"`
}

type harRequest struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []harPair `json:"cookies"`
	Headers     []harPair `json:"headers"`
	QueryString []harPair `json:"queryString"`
	PostData    *harBody  `json:"postData,omitempty"`
	HeadersSize int       `json:"headersSize"`
	BodySize    int64     `json:"bodySize"`
}

type harResponse struct {
	Status      int       `json:"status"`
	StatusText  string    `json:"statusText"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []harPair `json:"cookies"`
	Headers     []harPair `json:"headers"`
	Content     harBody   `json:"content"`
	RedirectURL string    `json:"redirectURL"`
	HeadersSize int       `json:"headersSize"`
	BodySize    int64     `json:"bodySize"`
}

func pairs(h map[string][]string) []harPair {
	out := []harPair{}
	for name, values := range h {
		for _, v := range values {
			out = append(out, harPair{name, v})
		}
	}
	slices.SortStableFunc(out, func(a, b harPair) int {
		if a.Name < b.Name {
			return -1
		}
		if a.Name > b.Name {
			return 1
		}
		return 0
	})
	return out
}

// Archive returns entries as an archive, the oldest first.
func (j *Journal) Archive(entries []*Entry) *HAR {
	out := &HAR{harLog{"1.2", harCreator{"Clientele", api.Version()}, []harEntry{}}}
	for _, e := range slices.Backward(entries) {
		s := j.Show(e)
		in := harEntry{
			Started: s.At, Time: s.TookMS, Timings: map[string]float64{"send": 0, "wait": s.TookMS, "receive": 0}, Comment: s.Operation,
			Request: harRequest{
				Method: s.Method, URL: "http://" + s.Host + s.Path, HTTPVersion: "HTTP/1.1", Cookies: []harPair{}, Headers: pairs(s.Request.Headers), QueryString: []harPair{},
				HeadersSize: -1, BodySize: s.Request.Size,
			},
			Response: harResponse{
				Status: s.Status, StatusText: http.StatusText(s.Status), HTTPVersion: "HTTP/1.1", Cookies: []harPair{}, Headers: pairs(s.Response.Headers),
				Content: harBody{MimeType: s.Response.Headers.Get("Content-Type"), Size: s.Response.Size}, RedirectURL: s.Response.Headers.Get("Location"), HeadersSize: -1, BodySize: s.Response.Size,
			},
		}
		if u, err := url.Parse(s.Path); err == nil {
			in.Request.QueryString = pairs(u.Query())
		}
		if string(s.Request.Body) != "null" {
			in.Request.PostData = &harBody{MimeType: s.Request.Headers.Get("Content-Type"), Text: s.Request.Text()}
		}
		if string(s.Response.Body) != "null" {
			in.Response.Content.Text = s.Response.Text()
		}
		out.Log.Entries = append(out.Log.Entries, in)
	}
	return out
}
