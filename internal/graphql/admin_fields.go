package graphql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language/display"

	"clientele/internal/fault"
	"clientele/internal/graphql/document"
	"clientele/internal/graphql/exec"
	"clientele/internal/html"
	"clientele/internal/metafield"
	"clientele/internal/store"
	"clientele/internal/words"
)

// adminSpeech has the schema's names of fields.
var adminSpeech = &words.Speech{Spell: words.Camel, Names: map[fault.Field]string{
	metafield.FieldID: "metafieldIds", metafield.FieldClient: "newClientId",
}}

func asWrong(err error, into *document.Wrong) bool { return errors.As(err, into) }

// Global ids name a thing of the store by its kind and id.
const globalPrefix = "bc/store/"

func adminID(kind string, id int64) string {
	return globalPrefix + kind + "/" + strconv.FormatInt(id, 10)
}

// readAdminID returns the id of a thing of a kind, in the one way to write it.
func readAdminID(kind, text string) (int64, bool) {
	digits, ok := strings.CutPrefix(text, globalPrefix+kind+"/")
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, ok && err == nil && id > 0 && strconv.FormatInt(id, 10) == digits
}

// reassigned are metafields that have another owner.
type reassigned struct{ ids []string }

// rootTables answer the roots, and mutations of metafields.
func (a *Admin) rootTables() exec.Tables {
	return exec.Tables{
		"Query": exec.Of[exec.None](exec.Fields{"store": exec.Group[exec.None](), "i18n": exec.Group[exec.None]()}),
		"Mutation": exec.Of[exec.None](exec.Fields{
			"metafield":   exec.Group[exec.None](),
			"translation": exec.Group[exec.None](),
		}),
		"Store": exec.Of[exec.None](exec.Fields{
			"locales":      exec.Object(a.locales),
			"translations": exec.Object(a.translations),
		}),
		"MetafieldMutations": exec.Of[exec.None](exec.Fields{"reassignMetafieldsOwner": exec.Object(a.reassign)}),
		"ReassignMetafieldsOwnerResult": exec.Of[reassigned](exec.Fields{
			"metafieldIds": exec.Texts(func(r *reassigned) []string { return r.ids }),
		}),
	}
}

// reassign gives metafields to another API account.
func (a *Admin) reassign(c *exec.Call, _ *exec.None) (*reassigned, error) {
	in := c.Args.Object("input")
	texts := in.Texts("metafieldIds")
	ids := make([]int64, len(texts))
	for i, text := range texts {
		var ok bool
		if ids[i], ok = readAdminID("metafield", text); !ok {
			return nil, publicError("", "The id of a metafield must have the form "+globalPrefix+"metafield/{id}.")
		}
	}
	err := a.Metafields.Reassign(c.Context, askedOf(c.Context).StoreID(), in.Text("newClientId"), ids)
	if f := business(err); f != nil {
		return nil, publicError("", messageIn(adminSpeech, f))
	}
	if err != nil {
		return nil, err
	}
	return &reassigned{texts}, nil
}

// adminLocale is a language of a store, or one that a store may have.
type adminLocale struct {
	code, name string
	initial    bool
}

// localeTables answer languages.
func (a *Admin) localeTables() exec.Tables {
	code := exec.Text(func(l *adminLocale) string { return l.code })
	out := exec.Tables{
		"I18n": exec.Of[exec.None](exec.Fields{"supportedLocales": exec.Part(func(*exec.None) *page[adminLocale] { return supportedLocales() })}),
		"SupportedLocale": exec.Of[adminLocale](exec.Fields{
			"code":                   code,
			"englishName":            exec.Text(func(l *adminLocale) string { return l.name }),
			"hasBuiltInTranslations": exec.Bool(func(l *adminLocale) bool { return slices.Contains(html.Languages, l.code) }),
		}),
		"StoreLocale": exec.Of[adminLocale](exec.Fields{
			"code": code,
			// A language that a store has is spoken.
			"status":    exec.Enum(func(*adminLocale) string { return "ACTIVE" }),
			"isDefault": exec.Bool(func(l *adminLocale) bool { return l.initial }),
		}),
	}
	for _, name := range []string{"StoreLocale", "SupportedLocale"} {
		for name, t := range connectionTables[adminLocale](name, false) {
			out[name] = t
		}
	}
	return out
}

// locales returns the languages of a channel, which are the store's.
func (a *Admin) locales(c *exec.Call, _ *exec.None) (*page[adminLocale], error) {
	wrong, err := a.channel(c.Context, c.Args.Object("input").Text("channelId"))
	if wrong != nil {
		return nil, publicError("", wrong.message)
	}
	if err != nil {
		return nil, err
	}
	settings, err := a.settings(c.Context)
	if err != nil {
		return nil, err
	}
	var all []adminLocale
	for i, code := range settings.Languages() {
		all = append(all, adminLocale{code: code, initial: i == 0})
	}
	return wholeList(all), nil
}

// supportedLocales are the languages that have a name. A store may have others.
func supportedLocales() *page[adminLocale] {
	names := display.English.Tags()
	var all []adminLocale
	for _, tag := range display.Supported.Tags() {
		if name := names.Name(tag); name != "" {
			all = append(all, adminLocale{code: tag.String(), name: name})
		}
	}
	slices.SortFunc(all, func(a, b adminLocale) int { return strings.Compare(a.code, b.code) })
	return wholeList(all)
}

// wholeList returns a connection of all entries.
func wholeList[T any](all []T) *page[T] {
	edges := make([]edge[T], len(all))
	for i, v := range all {
		edges[i] = edge[T]{int64(i + 1), v}
	}
	return newPage(edges, false, false)
}

// settings returns the store's settings.
func (a *Admin) settings(ctx context.Context) (*store.Settings, error) {
	w := askedOf(ctx)
	return w.settings.get(func() (*store.Settings, error) { return a.Stores.Settings(ctx, w.StoreID()) })
}

// channel returns what is wrong with the global id of a channel.
func (a *Admin) channel(ctx context.Context, text string) (*translationProblem, error) {
	w := askedOf(ctx)
	id, ok := readAdminID("channel", text)
	if !ok {
		return invalid("channelId must have the form %schannel/{id}.", globalPrefix), nil
	}
	err, known := w.channels[id]
	if !known {
		_, err = a.Channels.Get(ctx, w.StoreID(), id)
		w.channels[id] = err
	}
	if f := fault.As(err); f != nil && f.Kind == fault.NotFound {
		return notFound(text), nil
	}
	return nil, err
}

func invalid(format string, args ...any) *translationProblem {
	return &translationProblem{kind: "ValidationError", message: fmt.Sprintf(format, args...)}
}

func notFound(id string) *translationProblem {
	return &translationProblem{kind: "EntityNotFoundError", message: "Entity " + id + " not found."}
}
