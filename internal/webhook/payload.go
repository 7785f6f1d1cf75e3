package webhook

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"

	"clientele/internal/event"
	"clientele/internal/jsonx"
)

// Payload is the body of a request to a hook: what happened, told briefly.
// Data is the event's JSON object, and eventID its id in the store.
func Payload(storeID int64, storeHash string, eventID int64, scope, data string, created int64) []byte {
	b := append(make([]byte, 0, 256+len(data)), `{"scope":`...)
	b = jsonx.AppendString(b, scope)
	b = append(b, `,"store_id":"`...)
	b = strconv.AppendInt(b, storeID, 10)
	b = append(b, `","data":`...)
	b = append(b, data...)
	head := len(b)
	b = append(b, `,"created_at":`...)
	b = strconv.AppendInt(b, created, 10)
	b = append(b, `,"producer":`...)
	b = jsonx.AppendString(b, "stores/"+storeHash)
	b = append(b, '}')
	// The hash tells events apart: two that say the same in one second have
	// different ones, and the attempts to tell of one event the same.
	h := sha1.New()
	h.Write(b)
	h.Write(strconv.AppendInt(nil, eventID, 10))
	tail := string(b[head:])
	b = append(b[:head], `,"hash":"`...)
	b = hex.AppendEncode(b, h.Sum(nil))
	b = append(b, '"')
	return append(b, tail...)
}

// MessageID identifies what is sent to one hook about one event. It is the
// same for all attempts.
func MessageID(storeHash string, hookID, eventID int64) string {
	b := append(make([]byte, 0, 48), "msg_"...)
	b = append(b, storeHash...)
	b = strconv.AppendInt(append(b, '_'), hookID, 10)
	b = strconv.AppendInt(append(b, '_'), eventID, 10)
	return string(b)
}

// Headers of a signed request, by Standard Webhooks.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Sign returns the signature of a request: the HMAC of its id, its time and
// its body, keyed with the client secret of the hook's API account. Receivers
// hand their library that secret in base64.
func Sign(secret, id string, timestamp int64, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	b := append(append(make([]byte, 0, len(id)+24), id...), '.')
	mac.Write(append(strconv.AppendInt(b, timestamp, 10), '.'))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Codes of events about deliveries that failed.
const (
	ExceptionRetry   = 90001 // it will be tried again
	ExceptionLast    = 90002 // it will not, and the hook is switched off
	ExceptionBlocked = 90003 // the destination's domain is blocked
)

// Exception returns the event about a failed delivery to a hook.
func Exception(code int, hookID int64, destination string) event.Event {
	message := "Delivery to " + destination + " failed, will retry"
	switch code {
	case ExceptionLast:
		message = "Delivery to " + destination + " failed, all attempts are exhausted, the webhook will be disabled"
	case ExceptionBlocked:
		message = "Delivery to " + destination + " failed, its domain is temporarily blocked due to many unsuccessful attempts"
	}
	b := append(make([]byte, 0, 192), `{"type":"webhook","id":`...)
	b = strconv.AppendInt(b, hookID, 10)
	b = append(b, `,"error_code":`...)
	b = strconv.AppendInt(b, int64(code), 10)
	b = append(b, `,"message":`...)
	b = jsonx.AppendString(b, message)
	return event.Event{Scope: ExceptionScope, ResourceID: hookID, Data: string(append(b, '}'))}
}
