package panel

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"clientele/internal/html"
)

// Snippet is a program in a language.
type Snippet struct{ Label, Code string }

// snippetsView shows programs to copy.
type snippetsView struct {
	frame
	Text     []string
	Facts    []Fact
	Snippets []Snippet
}

func (*snippetsView) template() string { return "snippets" }

// signaturePage shows how an app checks that a request is from the store, with the
// secret that it needs. That somebody saw it is in the history.
func (c *call) signaturePage() error {
	h, err := c.oneHook()
	if err != nil {
		return err
	}
	p := &snippetsView{Text: []string{c.look.Text("hooks.signature.text"), c.look.Text("hooks.signature.library")}}
	p.Title = c.look.Text("hooks.signature")
	p.Crumbs = []html.Link{{Label: c.look.Text("hooks.title"), URL: c.storeAt("/webhooks")}, {Label: shownURL(h.Destination), URL: c.hookAt(h.ID, "")}}
	secret := ""
	if c.R.Method != http.MethodHead {
		if secret, err = c.Webhooks.TakeSecret(c.R.Context(), c.store.ID, h.ID); err != nil {
			return err
		}
	}
	p.Facts = []Fact{{Label: c.look.Text("hooks.signature.key"), Value: "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))}}
	for _, s := range signatureChecks {
		p.Snippets = append(p.Snippets, Snippet{s.Label, strings.ReplaceAll(s.Code, "@SECRET@", quoted(secret, s.Label))})
	}
	return c.show(http.StatusOK, p)
}

// quoted is a text between quotes as a language takes it.
func quoted(s, language string) string {
	if language == "PHP" {
		return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
	}
	text, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(text)
}

// signatureChecks are programs that check a signature. @SECRET@ stands for the secret.
var signatureChecks = []Snippet{
	{"Node.js", `import { createHmac, timingSafeEqual } from "node:crypto";

const secret = @SECRET@;

// body is the request's body as it came, a string or a Buffer.
export function isFromTheStore(headers, body) {
  const id = headers["webhook-id"], time = headers["webhook-timestamp"];
  if (!id || !(Math.abs(Date.now() / 1000 - Number(time)) < 300)) return false;
  const want = createHmac("sha256", secret).update(id + "." + time + ".").update(body).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((signature) => {
    const [version, text] = signature.split(",");
    const have = Buffer.from(text ?? "", "base64");
    return version === "v1" && have.length === want.length && timingSafeEqual(have, want);
  });
}
`},
	{"Go", `package shop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const secret = @SECRET@

// IsFromTheStore checks a request whose body was read.
func IsFromTheStore(h http.Header, body []byte) bool {
	id, at := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, have := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(have), []byte(want)) {
			return true
		}
	}
	return false
}
`},
	{"PHP", `<?php

const STORE_SECRET = @SECRET@;

// $body is file_get_contents('php://input').
function is_from_the_store(array $server, string $body): bool
{
    $id = $server['HTTP_WEBHOOK_ID'] ?? '';
    $time = $server['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if ($id === '' || abs(time() - (int) $time) > 300) {
        return false;
    }
    $want = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", STORE_SECRET, true));
    foreach (explode(' ', $server['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $have) {
        if (hash_equals($want, $have)) {
            return true;
        }
    }
    return false;
}
`},
	{"Python", `import base64
import hashlib
import hmac
import time

STORE_SECRET = @SECRET@


def is_from_the_store(headers, body: bytes) -> bool:
    """Whether a request is from the store; headers by their lower-case names."""
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
    if not message_id or not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    signed = f"{message_id}.{at}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(STORE_SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(want, have) for have in headers.get("webhook-signature", "").split())
`},
}
