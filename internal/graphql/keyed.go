package graphql

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"clientele/internal/fault"
	"clientele/internal/graphql/document"
	"clientele/internal/idempotency"
	"clientele/internal/serve"
)

// once executes a mutation with an Idempotency-Key of a token, and of the shopper
// it is used for, or answers it as before.
func (s *Server) once(ctx context.Context, who *shopper, out *reply, in *document.Request, do func(context.Context)) error {
	v := who.visit
	key, err := serve.Key(v.R)
	if err != nil {
		return refuse(http.StatusBadRequest, "The header %s must have 1 to %d visible ASCII characters.", serve.IdempotencyKey, idempotency.MaxKey)
	}
	if s.Keys == nil {
		do(ctx)
		return nil
	}
	err = out.Once(s.Keys, idempotency.Request{
		StoreID: v.Site.StoreID, Caller: who.caller(), CustomerID: who.customerID, Key: key,
		Parts: []string{v.R.Method, v.R.URL.Path, in.Query, in.OperationName, string(in.Variables)},
	}, true, func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		before := v.R
		v.R = r.WithContext(ctx)
		defer func() { v.R = before }()
		do(ctx)
		return nil
	})
	if f := (*fault.Error)(nil); errors.As(err, &f) && (f.Kind == fault.Repeated || f.Kind == fault.KeyTaken) {
		out.SetRetry(f)
		status, public := refused(f)
		return &refusal{status, gqlerror.List{public}}
	}
	return err
}

// caller names who asks: the token, and whom it is used for. The shopper's own
// token counts as it was sent, also after its session has ended, so that a
// repeat of a logout is one.
func (w *shopper) caller() string {
	h := w.visit.R.Header
	secret := h.Get(headerAccessToken)
	if w.browser {
		secret = w.visit.Token()
	}
	return "token " + bearer(w.visit.R) + "\x00" + secret + "\x00" + h.Get(headerCustomer) + "\x00" + strconv.FormatBool(w.browser)
}
