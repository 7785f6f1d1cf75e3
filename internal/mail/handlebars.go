package mail

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	texttemplate "text/template"

	"clientele/internal/locale"
)

// Templates may be written in Handlebars, as the documents have them:
// {{customer.first_name}}, {{lang "hello" name=store.name}}, if, unless, each and
// with. Such a text is translated to a template of Go's, whose escaping then
// holds: a value is never taken for HTML, whatever braces are around it.

// Translations are the phrases of a template, by locale and key: what lang
// finds.
type Translations map[string]map[string]string

// fieldTree is which merge fields there are. A tree without members is a text;
// one with each is a list.
type fieldTree struct {
	members map[string]*fieldTree
	each    *fieldTree
}

// treeOf returns the tree of merge fields that values have.
func treeOf(v any) *fieldTree {
	t := &fieldTree{}
	switch v := v.(type) {
	case map[string]any:
		t.members = make(map[string]*fieldTree, len(v))
		for name, member := range v {
			t.members[name] = treeOf(member)
		}
	case []any:
		t.each = &fieldTree{}
		if len(v) > 0 {
			t.each = treeOf(v[0])
		}
	}
	return t
}

// ours finds a placeholder of Go's template language: {{.Link}}, {{if .Link}}.
var ours = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{(?:[^}"'` + "`" + `]*[\s({-])?\.[A-Z]`) })

// goOnly finds what only Go's template language has. A text with none of its
// signs means the same in both languages or is none of ours.
var goOnly = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\{\{-?\s*(?:/\*|end\b|range\b|define\b|template\b|block\b|printf\b|\$|if\b|with\b)`)
})

// isHandlebars tells whether a text is in Handlebars.
func isHandlebars(text string) bool { return !ours().MatchString(text) && !goOnly().MatchString(text) }

// call is a use of lang.
type call struct {
	line  int
	key   string
	given []string // names of arguments
}

// hbs translates one text.
type hbs struct {
	text   string
	at     int
	out    strings.Builder
	scopes []scope
	blocks []string
	vars   int
	calls  []call
}

// scope is what names are looked up in.
type scope struct {
	variable string // of Go's template
	tree     *fieldTree
}

// compiled is a text in Handlebars, translated.
type compiled struct {
	text  string
	calls []call
}

// compile translates a text whose merge fields are those of root.
func compile(text string, root *fieldTree) (compiled, error) {
	h := &hbs{text: text, scopes: []scope{{"$", root}}}
	if err := h.run(); err != nil {
		return compiled{}, fmt.Errorf("line %d: %w", h.line(), err)
	}
	return compiled{h.out.String(), h.calls}, nil
}

func (h *hbs) line() int { return 1 + strings.Count(h.text[:min(h.at, len(h.text))], "\n") }

func (h *hbs) run() error {
	for {
		i := strings.Index(h.text[h.at:], "{{")
		if i < 0 {
			h.out.WriteString(h.text[h.at:])
			h.at = len(h.text)
			if len(h.blocks) > 0 {
				return fmt.Errorf("{{#%[1]s}} is not ended by {{/%[1]s}}", h.blocks[len(h.blocks)-1])
			}
			return nil
		}
		h.out.WriteString(h.text[h.at : h.at+i])
		h.at += i
		if err := h.tag(); err != nil {
			return err
		}
	}
}

var errOpen = errors.New("{{ is not closed by }}")

// tag translates what begins with {{ at h.at.
func (h *hbs) tag() error {
	rest := h.text[h.at:]
	end, raw := "}}", false
	switch {
	case strings.HasPrefix(rest, "{{!--"):
		i := strings.Index(rest, "--}}")
		if i < 0 {
			return errors.New("{{!-- is not closed by --}}")
		}
		h.at += i + len("--}}")
		return nil
	case strings.HasPrefix(rest, "{{{{"):
		return errors.New("{{{{ is not supported")
	case strings.HasPrefix(rest, "{{{"):
		end, raw = "}}}", true
	}
	i := closing(rest, end)
	if strings.HasPrefix(rest, "{{!") || strings.HasPrefix(rest, "{{~!") { // a comment may hold one apostrophe
		i = strings.Index(rest, end)
	}
	if i < 0 {
		return errOpen
	}
	inner := rest[len(end):i]
	trimLeft, trimRight := "", ""
	if strings.HasPrefix(inner, "~") {
		inner, trimLeft = inner[1:], "- "
	}
	if strings.HasSuffix(inner, "~") {
		inner, trimRight = inner[:len(inner)-1], " -"
	}
	if strings.HasPrefix(inner, "!") {
		h.at += i + len(end)
		return nil
	}
	if strings.HasPrefix(inner, "&") {
		inner, raw = inner[1:], true
	}
	code, err := h.expression(strings.TrimSpace(inner), raw)
	if err != nil {
		return err
	}
	h.out.WriteString("{{" + trimLeft + code + trimRight + "}}")
	h.at += i + len(end)
	return nil
}

// closing finds the end of a tag outside of quotes.
func closing(text, end string) int {
	var quote byte
	for i := len(end); i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '\n' && i > maxTag:
			return -1
		case strings.HasPrefix(text[i:], end):
			return i
		}
	}
	return -1
}

// maxTag is how long a tag may be that goes over several lines.
const maxTag = 2000

func (h *hbs) expression(inner string, raw bool) (string, error) {
	if name, ok := strings.CutPrefix(inner, "/"); ok {
		return "end", h.end(strings.TrimSpace(name))
	}
	if name, ok := strings.CutPrefix(inner, "#"); ok {
		return h.block(name)
	}
	words, err := split(inner)
	if err != nil {
		return "", err
	}
	switch {
	case len(words) == 0:
		return "", errors.New("{{ }} holds no merge field")
	case words[0] == "else" || words[0] == "^":
		return h.otherwise(words[1:])
	case words[0] == "lang":
		return h.lang(words[1:], raw)
	case strings.HasPrefix(words[0], ">"), strings.HasPrefix(words[0], "^"):
		return "", fmt.Errorf("%s is not supported", words[0])
	case len(words) > 1:
		return "", fmt.Errorf("%s is no helper: there are lang, if, unless, each and with", words[0])
	}
	code, tree, err := h.path(words[0])
	if err == nil && (tree.members != nil || tree.each != nil) {
		err = fmt.Errorf("%s is not one text: use {{#each}}, {{#with}} or a name after it", words[0])
	}
	return code, err
}

func (h *hbs) block(inner string) (string, error) {
	words, err := split(inner)
	if err != nil {
		return "", err
	}
	if len(words) != 2 || !slices.Contains([]string{"if", "unless", "each", "with"}, words[0]) {
		return "", fmt.Errorf("{{#%s}} is not supported: there are {{#if field}}, {{#unless field}}, {{#each list}} and {{#with field}}", strings.Join(words, " "))
	}
	code, tree, err := h.path(words[1])
	if err != nil {
		return "", err
	}
	if len(h.blocks) >= maxNested {
		return "", fmt.Errorf("more than %d blocks in each other", maxNested)
	}
	if words[0] == "each" && nested(h.blocks, "each") >= maxLoops {
		return "", fmt.Errorf("more than %d {{#each}} in each other", maxLoops)
	}
	h.blocks = append(h.blocks, words[0])
	switch words[0] {
	case "if", "unless":
		h.scopes = append(h.scopes, h.scopes[len(h.scopes)-1])
		if words[0] == "unless" {
			return "if not " + code, nil
		}
		return "if " + code, nil
	case "each":
		if tree.each == nil {
			return "", fmt.Errorf("%s is no list", words[1])
		}
		tree = tree.each
	}
	h.vars++
	s := scope{"$x" + strconv.Itoa(h.vars), tree}
	h.scopes = append(h.scopes, s)
	if words[0] == "each" {
		return "range " + s.variable + " := " + code, nil
	}
	return "with " + s.variable + " := " + code, nil
}

// Bounds of blocks in each other. The template library looks at what is in a
// loop twice, and so at loops in loops ever more often.
const (
	maxNested = 20
	maxLoops  = 2
)

func nested(blocks []string, name string) (n int) {
	for _, b := range blocks {
		if b == name {
			n++
		}
	}
	return n
}

func (h *hbs) otherwise(words []string) (string, error) {
	if len(h.blocks) == 0 {
		return "", errors.New("{{else}} is in no block")
	}
	if len(words) == 0 {
		// What a block looks into is not there in its {{else}}.
		if n := len(h.scopes); h.blocks[len(h.blocks)-1] == "each" || h.blocks[len(h.blocks)-1] == "with" {
			h.scopes[n-1] = h.scopes[n-2]
		}
		return "else", nil
	}
	if len(words) != 2 || words[0] != "if" || h.blocks[len(h.blocks)-1] != "if" {
		return "", fmt.Errorf("{{else %s}} is not supported: there are {{else}} and, in {{#if}}, {{else if field}}", strings.Join(words, " "))
	}
	code, _, err := h.path(words[1])
	return "else if " + code, err
}

func (h *hbs) end(name string) error {
	n := len(h.blocks)
	if n == 0 || h.blocks[n-1] != name {
		return fmt.Errorf("{{/%s}} ends nothing", name)
	}
	h.blocks, h.scopes = h.blocks[:n-1], h.scopes[:len(h.scopes)-1]
	return nil
}

// lang translates {{lang "key" name=value}}.
func (h *hbs) lang(words []string, raw bool) (string, error) {
	if len(words) == 0 {
		return "", errors.New(`lang needs the key of a phrase, such as {{lang "hello"}}`)
	}
	key, ok := quoted(words[0])
	if !ok {
		return "", fmt.Errorf("the key of a phrase is in quotes: %q", words[0])
	}
	if len(words)-1 > maxArguments {
		return "", fmt.Errorf("lang takes at most %d arguments", maxArguments)
	}
	c := call{line: h.line(), key: key}
	code := "lang"
	if raw {
		code = "langHTML"
	}
	code += " " + strconv.Quote(key)
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		if !ok || !argument.MatchString(name) {
			return "", fmt.Errorf("%s is no argument of a phrase: one is like name=store.name", w)
		}
		said, isText := quoted(value)
		if isText {
			said = strconv.Quote(said)
		} else {
			var tree *fieldTree
			var err error
			if said, tree, err = h.path(value); err != nil {
				return "", err
			}
			if tree.members != nil || tree.each != nil {
				return "", fmt.Errorf("%s is not one text", value)
			}
		}
		c.given = append(c.given, name)
		code += " " + strconv.Quote(name) + " " + said
	}
	h.calls = append(h.calls, c)
	return code, nil
}

// maxArguments is how many places of a phrase a template fills.
const maxArguments = 20

var (
	argument = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	segments = regexp.MustCompile(`^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*$`)
)

// path translates the name of a merge field, and returns what it is.
func (h *hbs) path(name string) (string, *fieldTree, error) {
	at := len(h.scopes) - 1
	rest := name
	if after, ok := strings.CutPrefix(rest, "@root."); ok {
		rest, at = after, 0
	}
	for strings.HasPrefix(rest, "../") {
		// Blocks of if are no levels.
		here := h.scopes[at]
		for at > 0 && h.scopes[at] == here {
			at--
		}
		rest = rest[len("../"):]
	}
	for _, prefix := range []string{"this.", "this/", "./"} {
		rest = strings.TrimPrefix(rest, prefix)
	}
	s := h.scopes[at]
	if rest == "this" || rest == "." {
		return s.variable, s.tree, nil
	}
	if !segments.MatchString(rest) {
		return "", nil, fmt.Errorf("%s is no merge field: one is like customer.first_name", name)
	}
	code, tree := strings.TrimSuffix(s.variable, "."), s.tree
	for _, part := range strings.Split(rest, ".") {
		next := tree.members[part]
		if next == nil {
			return "", nil, fmt.Errorf("there is no merge field %s in these emails: clientele email template placeholders lists them", name)
		}
		code, tree = code+"."+part, next
	}
	return code, tree, nil
}

// quoted returns what a text in quotes holds.
func quoted(word string) (string, bool) {
	if n := len(word); n >= 2 && (word[0] == '"' || word[0] == '\'') && word[n-1] == word[0] {
		return word[1 : n-1], true
	}
	return "", false
}

// split returns the words between braces; quotes hold spaces.
func split(inner string) ([]string, error) {
	var words []string
	var quote rune
	word := strings.Builder{}
	flush := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	for _, r := range inner {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote = r
			word.WriteRune(r)
		case r == ' ' || r == '\n' || r == '\t' || r == '\r':
			flush()
		case r == '(' || r == ')' || r == '{' || r == '}' || r == '`':
			return nil, fmt.Errorf("%c cannot stand between {{ and }}", r)
		default:
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	flush()
	return words, nil
}

// phrasePlace is the place of an argument in a phrase; the documents have both
// forms.
var phrasePlace = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}|\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}`)
})

// piece is a part of a phrase: a text, or a place and what it is filled by.
type piece struct{ text, place string }

func cut(phrase string) (out []piece) {
	at := 0
	for _, m := range phrasePlace().FindAllStringSubmatchIndex(phrase, -1) {
		if m[0] > at {
			out = append(out, piece{text: phrase[at:m[0]]})
		}
		name := m[2:4]
		if name[0] < 0 {
			name = m[4:6]
		}
		out = append(out, piece{phrase[m[0]:m[1]], phrase[name[0]:name[1]]})
		at = m[1]
	}
	if at < len(phrase) {
		out = append(out, piece{text: phrase[at:]})
	}
	return out
}

// phrases are a template's, cut once each: a template may use one thousands of
// times, in forty languages.
type phrases struct {
	translations Translations
	locales      []string // in alphabetical order
	pieces       map[[2]string][]piece
}

func phrasesOf(t Translations) *phrases {
	return &phrases{t, t.Locales(), map[[2]string][]piece{}}
}

// of returns a locale's phrase, and its length.
func (p *phrases) of(locale, key string) (out []piece, length int, ok bool) {
	phrase, ok := p.translations[locale][key]
	if !ok {
		return nil, 0, false
	}
	at := [2]string{locale, key}
	if out, ok = p.pieces[at]; !ok {
		out = cut(phrase)
		p.pieces[at] = out
	}
	return out, len(phrase), true
}

// check reports the phrases that a text uses and that are not there, or have
// places that it does not fill.
func (c *compiled) check(p *phrases) error {
	for _, use := range c.calls {
		found := false
		for _, l := range p.locales {
			phrase, _, ok := p.of(l, use.key)
			found = found || ok
			for _, part := range phrase {
				if part.place != "" && !slices.Contains(use.given, part.place) {
					return fmt.Errorf("line %d: the phrase %q in %s has a place {%s}, which lang is not given", use.line, use.key, l, part.place)
				}
			}
		}
		if !found {
			return fmt.Errorf("line %d: the translations have no phrase %q", use.line, use.key)
		}
	}
	return nil
}

// handlebars makes texts of a template in Handlebars.
type handlebars struct {
	phrases *phrases
	run     func(io.Writer, any) error
	// What follows is of the text that is made.
	locales []string // whose phrases count, the best first
	read    int      // bytes of phrases
}

func (c compiled) prepare(asHTML bool, p *phrases) (*handlebars, error) {
	h := &handlebars{phrases: p}
	if asHTML {
		t, err := htmltemplate.New("").Funcs(htmltemplate.FuncMap{"lang": h.text, "langHTML": h.html}).Parse(c.text)
		if err != nil {
			return nil, plainError(err)
		}
		h.run = t.Execute
		return h, nil
	}
	t, err := texttemplate.New("").Funcs(texttemplate.FuncMap{"lang": h.text, "langHTML": h.text}).Parse(c.text)
	if err != nil {
		return nil, plainError(err)
	}
	h.run = t.Execute
	return h, nil
}

// execute makes a text for a reader.
func (h *handlebars) execute(locales []string, values map[string]any) (string, error) {
	var b bounded
	h.locales, h.read = append(locales, h.phrases.locales...), 0
	if err := h.run(&b, values); err != nil {
		return "", plainError(err)
	}
	return b.String(), nil
}

// text returns a phrase with its arguments, each after its name.
func (h *handlebars) text(key string, args ...any) (string, error) {
	return h.fill(key, args, fmt.Sprint)
}

// html is text for a phrase that holds HTML; its arguments do not.
func (h *handlebars) html(key string, args ...any) (htmltemplate.HTML, error) {
	text, err := h.fill(key, args, func(a ...any) string { return htmltemplate.HTMLEscapeString(fmt.Sprint(a...)) })
	return htmltemplate.HTML(text), err
}

func (h *handlebars) fill(key string, args []any, say func(...any) string) (string, error) {
	for _, l := range h.locales {
		phrase, length, ok := h.phrases.of(l, key)
		if !ok {
			continue
		}
		// Places may be filled with nothing, so that what is made stays short.
		if h.read += length; h.read > maxBody {
			return "", errLong
		}
		given := make(map[string]string, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			if name := fmt.Sprint(args[i]); given[name] == "" {
				given[name] = say(args[i+1])
			}
		}
		var b strings.Builder
		for _, part := range phrase {
			text, ok := given[part.place]
			if !ok {
				text = part.text
			}
			if b.Len()+len(text) > maxBody {
				return "", errLong
			}
			b.WriteString(text)
		}
		return b.String(), nil
	}
	return "", nil
}

// phraseLocales returns the locales whose phrases are looked through for a
// reader, the best first.
func phraseLocales(names ...string) []string {
	var out []string
	for _, name := range append(names, defaultLanguage) {
		out = append(out, locale.Fallbacks(name)...)
	}
	return out
}
