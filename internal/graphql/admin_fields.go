package graphql

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/graphql/document"
	"clientele/internal/graphql/exec"
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
			"locale":      exec.Group[exec.None](),
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
