package rest

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// jsonExtension is that of every surface with formats.
const jsonExtension = ".json"

type extensionKey struct{}

// withoutExtension returns the request for the resource itself, which keeps
// the extension aside.
func (m *mount) withoutExtension(r *http.Request) *http.Request {
	path := r.URL.Path
	extension := ""
	if strings.HasSuffix(path, jsonExtension) {
		extension = jsonExtension
	}
	for _, f := range m.formats {
		if strings.HasSuffix(path, f.Extension) {
			extension = f.Extension
		}
	}
	if extension == "" {
		return r
	}
	r = r.WithContext(context.WithValue(r.Context(), extensionKey{}, extension))
	u := *r.URL
	u.Path, u.RawPath = strings.TrimSuffix(path, extension), ""
	r.URL = &u
	return r
}

func (m *mount) byType(mediaType string) *Format {
	for _, f := range m.formats {
		for _, t := range f.Types {
			if t == mediaType {
				return f
			}
		}
	}
	return nil
}

// Extension returns the extension that the request named its resource with,
// or "".
func (c *Call) Extension() string {
	ext, _ := c.R.Context().Value(extensionKey{}).(string)
	return ext
}

// negotiate picks the format of the answer. What Accept names without a
// quality comes first, then the extension, then what Accept names with one. It
// notes where Accept names nothing that there is, and no extension says what is
// wanted. own are types that the operation answers in by itself.
func (c *Call) negotiate(own ...string) {
	best, bestQ := (*Format)(nil), 0.0
	asked, met := false, c.Extension() != ""
	for _, value := range c.R.Header["Accept"] {
		for part := range strings.SplitSeq(value, ",") {
			mt, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			q := 1.0
			if text, ok := params["q"]; ok {
				if q, err = strconv.ParseFloat(text, 64); err != nil {
					continue
				}
			}
			f, ours := c.mount.byType(mt), slices.Contains(own, mt)
			asked, met = true, met || q > 0 && (f != nil || ours || meansJSON(mt))
			if f == nil && !ours && mt != "application/json" && mt != "text/json" {
				continue
			}
			if q > bestQ {
				best, bestQ, c.ownType = f, q, ""
				if ours {
					c.ownType = mt
				}
			}
		}
	}
	c.unmet = asked && !met
	if bestQ < 1 {
		ext := c.Extension()
		if ext == jsonExtension {
			best = nil
		}
		for _, f := range c.mount.formats {
			if f.Extension == ext {
				best = f
			}
		}
	}
	c.format = best
}

// meansJSON reports whether JSON is of a type that a client accepts.
func meansJSON(mediaType string) bool {
	switch mediaType {
	case "*/*", "*", "application/*", "text/*", "application/json", "text/json":
		return true
	}
	return strings.HasSuffix(mediaType, "+json")
}

// Format returns the extension of the answer's format, "" for JSON.
func (c *Call) Format() string {
	if c.format == nil {
		return ""
	}
	return c.format.Extension
}

// Type returns which of the route's own media types is asked for, "" for none.
func (c *Call) Type() string { return c.ownType }

// Base returns the path before the route's pattern, with the store's name in
// it.
func (c *Call) Base() string {
	if c.Account == nil {
		return c.mount.prefix
	}
	return strings.Replace(c.mount.prefix, "{store_hash}", c.Account.StoreHash, 1)
}

// Mirrored reports whether the request came to the store's own domain.
func (c *Call) Mirrored() bool { return c.mount.mirror }

// Resource returns the request's path below the surface's prefix.
func (c *Call) Resource() string {
	path := c.R.URL.Path
	for range strings.Count(c.mount.prefix, "/") {
		_, path = segment(path)
	}
	return path
}
