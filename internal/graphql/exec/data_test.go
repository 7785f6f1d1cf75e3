package exec_test

import (
	"encoding/json"
	"errors"

	"clientele/internal/graphql/exec"
)

// hero is what answers.js has too. It ends after some of its friends.
type hero struct {
	name  string
	depth int
}

func (h *hero) next(name string) *hero { return &hero{h.name + name, h.depth - 1} }

func (h *hero) further(name string) *hero {
	if h.depth <= 0 {
		return nil
	}
	return h.next(name)
}

type animal struct {
	kind, name string
	owner      *hero
}

type counter struct{ n int64 }

type echo struct{ text string }

func tables() (exec.Tables, []exec.Kind) {
	rex, tom := animal{"Dog", "Rex", &hero{"O", 1}}, animal{"Cat", "Tom", nil}
	count := int64(0)
	one := func(h *hero) exec.Field { return exec.Part(func(*exec.None) *hero { return h }) }
	return exec.Tables{
		"Query": exec.Of[exec.None](exec.Fields{
			"hero":   one(&hero{"H", 2}),
			"must":   one(&hero{"M", 2}),
			"heroes": exec.Parts(func(*exec.None) []hero { return []hero{{"A", 1}, {"B", 0}} }),
			"some":   exec.Refs(func(*exec.Call, *exec.None) ([]*hero, error) { return []*hero{{"A", 1}, nil, {"B", 0}}, nil }),
			"pet":    exec.Part(func(*exec.None) *animal { return &rex }),
			"pets":   exec.Parts(func(*exec.None) []animal { return []animal{rex, tom} }),
			"beasts": exec.Refs(func(*exec.Call, *exec.None) ([]*animal, error) { return []*animal{&rex, nil, &tom}, nil }),
			"echo": exec.Object(func(c *exec.Call, _ *exec.None) (*echo, error) {
				text, err := json.Marshal(c.Args)
				return &echo{string(text)}, err
			}),
			"fail":   exec.Text(func(*exec.None) string { panic(errors.New("fail")) }),
			"absent": exec.TextOrNull(func(*exec.None) string { return "" }),
		}),
		"Mutation": exec.Of[exec.None](exec.Fields{
			"add": exec.Object(func(c *exec.Call, _ *exec.None) (*counter, error) {
				count += c.Args.Int("n")
				return &counter{count}, nil
			}),
			"failing": exec.Object(func(*exec.Call, *exec.None) (*counter, error) { return nil, errors.New("failing") }),
		}),
		"Echo": exec.Of[echo](exec.Fields{"text": exec.Text(func(e *echo) string { return e.text })}),
		"Counter": exec.Of[counter](exec.Fields{
			"n":   exec.Int(func(c *counter) int64 { return c.n }),
			"bad": exec.IntOrNull(func(*counter) *int64 { return nil }),
		}),
		"Hero": exec.Of[hero](exec.Fields{
			"name":   exec.Text(func(h *hero) string { return h.name }),
			"nick":   exec.TextOrNull(func(*hero) string { return "" }),
			"age":    exec.Int(func(*hero) int64 { return 30 }),
			"tags":   exec.Texts(func(*hero) []string { return []string{"a", `"b"`} }),
			"color":  exec.Enum(func(*hero) string { return "GREEN" }),
			"strong": exec.Bool(func(*hero) bool { return true }),
			"friend": exec.Part(func(h *hero) *hero { return h.further("F") }),
			"boss":   exec.Part(func(h *hero) *hero { return h.further("B") }),
			"friends": exec.List(func(c *exec.Call, h *hero) (out []hero, _ error) {
				for _, name := range []string{"x", "y", "z"}[:c.Args.Int("first")] {
					out = append(out, *h.next(name))
				}
				return out, nil
			}),
			"foes": exec.Refs(func(_ *exec.Call, h *hero) ([]*hero, error) {
				return []*hero{{h.name + "1", 0}, nil, {h.name + "2", 1}}, nil
			}),
			"rivals":  exec.Parts(func(h *hero) []hero { return []hero{{h.name + "r", 0}, {h.name + "s", 1}} }),
			"bad":     exec.Text(func(h *hero) string { panic(errors.New("bad " + h.name)) }),
			"badMust": exec.Text(func(h *hero) string { panic(errors.New("badMust " + h.name)) }),
			"none":    exec.TextOrNull(func(*hero) string { return "" }),
		}),
		"Pet": exec.Of[animal](exec.Fields{"name": exec.Text(func(a *animal) string { return a.name })}),
		"Dog": exec.Of[animal](exec.Fields{
			"barks": exec.Bool(func(*animal) bool { return true }),
			"owner": exec.Part(func(a *animal) *hero { return a.owner }),
		}),
		"Cat": exec.Of[animal](exec.Fields{
			"lives": exec.Int(func(*animal) int64 { return 9 }),
			"owner": exec.Part(func(a *animal) *hero { return a.owner }),
		}),
	}, []exec.Kind{exec.KindOf(func(a *animal) string { return a.kind })}
}
