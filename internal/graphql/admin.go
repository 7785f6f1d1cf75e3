package graphql

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"clientele/api"
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/graphql/document"
	"clientele/internal/graphql/exec"
	"clientele/internal/history"
	"clientele/internal/intake"
	"clientele/internal/metafield"
	"clientele/internal/rest"
	"clientele/internal/serve"
	"clientele/internal/store"
)

// AdminServices are what an Admin speaks for.
type AdminServices struct {
	Stores     *store.Service
	Channels   *channel.Service
	Forms      *form.Service
	Metafields *metafield.Service
}

// Admin is the GraphQL of the management API, with the schema in
// api/admin.graphql. API accounts ask it with their tokens, as they ask REST, and
// within its limits; documents have the storefront's bounds.
type Admin struct {
	AdminServices
	documents *document.Reader
}

// NewAdmin returns an Admin over the services.
func NewAdmin(s AdminServices) *Admin {
	a := &Admin{AdminServices: s}
	a.documents = document.NewReader(func() document.Contract {
		schema := loadAdminSchema()
		return document.Contract{Schema: schema, Exec: a.answers(schema), Page: maxTranslations}
	})
	return a
}

func loadAdminSchema() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Name: "admin.graphql", Input: string(api.AdminSchema())})
}

// AdminKnows returns which fields of object types an Admin answers.
func AdminKnows() func(object, field string) bool {
	return new(Admin).answers(loadAdminSchema()).Knows
}

// answers puts together the tables.
func (a *Admin) answers(schema *ast.Schema) *exec.Schema {
	tables := exec.Tables{"PageInfo": pageTables()["PageInfo"]}
	for _, t := range []exec.Tables{a.rootTables(), a.localeTables(), a.translationTables()} {
		maps.Copy(tables, t)
	}
	return exec.New(schema, exec.Config{
		Tables: tables,
		Need: func(object, field string) string {
			if _, ok := adminNeeds[object+"."+field]; ok {
				return object + "." + field
			}
			return ""
		},
		Kinds: []exec.Kind{exec.KindOf(func(p *translationProblem) string { return p.kind })},
	})
}

// adminNeeds are the scopes of fields, of which one is enough.
var adminNeeds = map[string]auth.Requirement{
	"Store.locales":      slices.Concat(auth.ReadInformation, auth.ReadTranslations),
	"Store.translations": auth.ReadTranslations,
	"MetafieldMutations.reassignMetafieldsOwner": auth.ChangeMetafieldOwners,
	"TranslationMutations.updateTranslations":    auth.ModifyTranslations,
	"TranslationMutations.deleteTranslations":    auth.ModifyTranslations,
	"LocaleMutations.addLocale":                  auth.ModifyInformation,
	"LocaleMutations.updateLocale":               auth.ModifyInformation,
	"LocaleMutations.deleteLocale":               auth.ModifyInformation,
}

// Prefix implements rest.Surface.
func (*Admin) Prefix() string { return "/stores/{store_hash}/graphql" }

// Door implements rest.Recorded.
func (*Admin) Door() history.Surface { return history.AdminGraphQL }

// Routes implements rest.Surface. Fields say which scopes they need.
func (a *Admin) Routes() []rest.Route {
	return []rest.Route{{Method: http.MethodPost, Need: auth.AnyAccount, Handle: a.serve, Refuses: true}}
}

// Error implements rest.Surface.
func (*Admin) Error(_ *rest.Titles, err error) (int, []byte) {
	f := fault.As(err)
	if f == nil {
		f = &fault.Error{Kind: fault.Internal}
	}
	status, public := refused(f)
	switch f.Kind {
	case fault.Unauthorized:
		status, public = http.StatusUnauthorized, publicError("", "The access token is missing or not one of this store's.")
	case fault.Forbidden: // to all of the store: scopes are asked for by fields
		status, public = http.StatusForbidden, publicError("", f.Items[0].Message)
	case fault.TooMany:
		status, public = http.StatusTooManyRequests, publicError("TOO_MANY_REQUESTS", "Too many requests")
		public.Extensions["retryAfter"] = f.RetryAfter
	}
	return status, withErrors(nil, gqlerror.List{public})
}

// asked is one request, with what is read once for it.
type asked struct {
	*rest.Call
	settings memo[*store.Settings]
	channels map[int64]error
	forms    map[formIn]form.Form
}

type formIn struct{ form, tag string }

type askedKey struct{}

func askedOf(ctx context.Context) *asked { return ctx.Value(askedKey{}).(*asked) }

// serve answers a request.
func (a *Admin) serve(c *rest.Call) error {
	ctx, cancel := context.WithTimeout(c.Ctx(), patience)
	defer cancel()
	h := c.Header()
	h.Set("Cache-Control", "no-store")
	refuse := func(status int, errs ...*gqlerror.Error) error {
		c.Send(status, withErrors(nil, errs))
		return nil
	}
	kind, err := document.Media(c.R.Header.Get("Content-Type"))
	if err != nil {
		return refuse(http.StatusUnsupportedMediaType, gqlerror.Errorf("%s", err))
	}
	in, err := a.read(c, kind)
	if wrong := document.Wrong(""); asWrong(err, &wrong) {
		return refuse(http.StatusBadRequest, gqlerror.Errorf("%s", wrong))
	}
	if err != nil {
		return err
	}
	op, errs := a.documents.Find(&in)
	if len(errs) > 0 {
		return refuse(http.StatusBadRequest, errs...)
	}
	wrong := a.documents.Weigh(op, &in)
	if op.Score >= 0 {
		describe(h, &in, op)
	}
	if wrong != nil {
		return refuse(http.StatusBadRequest, wrong...)
	}
	who := &asked{Call: c, channels: map[int64]error{}, forms: map[formIn]form.Form{}}
	answer := op.Plan().Run(context.WithValue(ctx, askedKey{}, who), op.Values, exec.Hooks{
		Allow:    who.allow,
		Present:  func(err error) *gqlerror.Error { return present(&c.Exchange, err) },
		Panicked: func(p any) error { return serve.Panicked(p) },
		MaxBytes: maxAnswer,
	}, dataMember)
	switch {
	case c.Gone():
	case answer.TooLarge:
		return refuse(http.StatusOK, tooMuchData())
	default:
		c.Send(http.StatusOK, withErrors(answer.Data, answer.Errors))
	}
	return nil
}

// read takes the request from the body.
func (a *Admin) read(c *rest.Call, kind string) (in document.Request, err error) {
	sent, err := c.Body(intake.Source{Store: c.StoreID(), Client: c.Account.ClientID, Most: document.MaxBody})
	if err != nil {
		return in, err
	}
	defer sent.Free()
	if in, err = document.Parse(kind, sent.B); err != nil {
		return in, err
	}
	return in, in.Check()
}

// allow holds the API account to its scopes.
func (w *asked) allow(need string) error {
	scopes := adminNeeds[need]
	if w.Account.Allows(scopes) {
		return nil
	}
	err := publicError("INSUFFICIENT_ACCESS_SCOPE", "The API account lacks the scopes required to resolve this field.")
	err.Extensions["requiredScopes"] = scopes
	return err
}
