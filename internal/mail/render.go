package mail

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	texttemplate "text/template"
	"text/template/parse"

	"go.yaml.in/yaml/v3"

	"clientele/internal/locale"
	"clientele/internal/store"
)

//go:embed texts
var textFiles embed.FS

// texts are the program's own: a layout and what it is filled with, per
// language.
type texts struct {
	text      *texttemplate.Template
	html      *htmltemplate.Template
	languages map[string]*language
}

// language is one file of texts.
type language struct {
	Hello        string                `yaml:"hello"`
	HelloAnybody string                `yaml:"hello_anybody"`
	Copy         string                `yaml:"copy"`
	Valid        string                `yaml:"valid"`
	Ignore       string                `yaml:"ignore"`
	Unsubscribe  string                `yaml:"unsubscribe"`
	Sender       string                `yaml:"sender"`
	Minute       [2]string             `yaml:"minute"` // one and several
	Hour         [2]string             `yaml:"hour"`
	Day          [2]string             `yaml:"day"`
	Kinds        map[Kind]*kindOfTexts `yaml:"kinds"`
}

type kindOfTexts struct {
	Subject string   `yaml:"subject"`
	Heading string   `yaml:"heading"`
	Body    []string `yaml:"body"`
	Button  string   `yaml:"button"`
	Notes   []string `yaml:"notes"` // valid, ignore
	// ForAWhile is the kind's texts where its link works for a while only.
	ForAWhile *kindOfTexts `yaml:"for_a_while"`
}

// defaultLanguage is that of stores whose language there are no texts in.
const defaultLanguage = "en"

// mustTexts returns the texts, which are part of the program.
func mustTexts() *texts {
	out, err := ownTexts()
	if err != nil {
		panic(err)
	}
	return out
}

func ownTexts() (*texts, error) {
	out := &texts{languages: map[string]*language{}}
	var err error
	if out.text, err = texttemplate.ParseFS(textFiles, "texts/layout.txt"); err != nil {
		return nil, err
	}
	if out.html, err = htmltemplate.ParseFS(textFiles, "texts/layout.html"); err != nil {
		return nil, err
	}
	files, err := textFiles.ReadDir("texts")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".yaml")
		if !ok {
			continue
		}
		text, err := textFiles.ReadFile(path.Join("texts", f.Name()))
		if err != nil {
			return nil, err
		}
		dec := yaml.NewDecoder(bytes.NewReader(text))
		dec.KnownFields(true)
		l := &language{}
		if err := dec.Decode(l); err != nil {
			return nil, fmt.Errorf("texts of emails, %s: %w", name, err)
		}
		for k := range kinds {
			if l.Kinds[k] == nil {
				return nil, fmt.Errorf("texts of emails, %s: no %s", name, k)
			}
		}
		if l.Kinds[AccountCreated].ForAWhile == nil {
			return nil, fmt.Errorf("texts of emails, %s: no %s for who has no password", name, AccountCreated)
		}
		out.languages[name] = l
	}
	return out, nil
}

// speaks returns the language of the program's own texts for a tag, or "".
func (t *texts) speaks(tag string) string {
	for _, code := range locale.Fallbacks(tag) {
		if t.languages[code] != nil {
			return code
		}
	}
	return ""
}

// tongues returns the locales of a store's templates that a message may be made
// of, the best first, and the language of the program's own texts beside them.
// In a language that neither has texts in, the store's own stands in for it.
func (t *texts) tongues(tag string, s *store.Settings, own []Template) (codes []string, code string) {
	for _, name := range []string{tag, s.Language, defaultLanguage} {
		codes = locale.Fallbacks(name)
		if t.speaks(name) != "" || slices.ContainsFunc(own, func(o Template) bool { return o.speaks(codes) }) {
			break
		}
	}
	return append(codes, ""), cmp.Or(t.speaks(tag), t.speaks(s.Language), defaultLanguage)
}

// View is what templates are executed with. Stores' own templates may use
// every exported field.
type View struct {
	Store    StoreView
	Customer CustomerView
	Locale   string
	Link     string
	Duration string // for how long the link works, in words
	Data     Data
	// Unsubscribe is the URL that ends messages of this kind, empty for none.
	Unsubscribe string
}

// StoreView is the store as templates see it.
type StoreView struct {
	Name, URL, Email, Phone, Address, LogoURL string
}

// CustomerView is whoever the message is to, as templates see them.
type CustomerView struct {
	Name  string // empty where it is not known or looks like a link
	Email string
}

// layout is what the program's own layouts are executed with.
type layout struct {
	View
	Subject, Heading, Hello, Button, Copy, Sender string
	UnsubscribeLabel                              string
	Body, Notes                                   []string
	Color                                         string
}

// parts are the texts of a message.
type parts struct {
	Subject, Text, HTML string
}

const (
	maxSubject = 250
	maxBody    = 512 << 10
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// fill puts values into a line. It returns "" if one is not known.
func fill(line string, values map[string]string) string {
	missing := false
	line = placeholder.ReplaceAllStringFunc(line, func(p string) string {
		v := values[p[1:len(p)-1]]
		missing = missing || v == ""
		return v
	})
	if missing {
		return ""
	}
	return line
}

func (l *language) duration(minutes string) string {
	n, err := strconv.Atoi(minutes)
	if err != nil || n < 1 {
		return ""
	}
	forms := l.Minute
	switch {
	case n%1440 == 0:
		n, forms = n/1440, l.Day
	case n%60 == 0:
		n, forms = n/60, l.Hour
	}
	form := forms[1]
	if n == 1 {
		form = forms[0]
	}
	return fill(form, map[string]string{"n": strconv.Itoa(n)})
}

// linkLike finds names that mail programs would turn into links: whoever signs
// somebody else up must not get to send them one.
var linkLike = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[/@\\]|\.\p{L}{2,}`) })

// view returns what a stored message's templates are executed with, and the
// program's own texts in a language.
func (t *texts) view(m *Stored, s *store.Settings, siteURL, code string) (View, *language) {
	l := t.languages[code]
	name := m.ToName
	if linkLike().MatchString(name) {
		name = ""
	}
	v := View{
		Store:    StoreView{Name: oneLine(s.Name, maxName), URL: siteURL, Email: s.OrderEmail, Phone: s.Phone, Address: s.Address, LogoURL: s.LogoAt(siteURL)},
		Customer: CustomerView{Name: name, Email: m.To},
		Locale:   code, Link: m.data.Data["link"], Duration: l.duration(m.data.Data["minutes"]), Data: m.data.Data, Unsubscribe: m.data.Unsubscribe,
	}
	if v.Store.Email == "" {
		v.Store.Email = s.AdminEmail
	}
	if path := kinds[m.Kind].link; v.Link == "" && path != "" && siteURL != "" {
		v.Link = siteURL + path
	}
	return v, l
}

// render makes the texts of a message: the program's own but for the parts
// that the store has.
func (t *texts) render(m *Stored, w *surroundings) (parts, error) {
	s, own := w.settings, w.templates
	codes, code := t.tongues(w.locale, s, own)
	v, l := t.view(m, s, w.siteURL, code)
	k := l.Kinds[m.Kind]
	if k.ForAWhile != nil && v.Link != "" && v.Duration != "" {
		k = k.ForAWhile
	}
	values := map[string]string{"store": v.Store.Name, "name": v.Customer.Name, "email": v.Customer.Email, "duration": v.Duration}
	for key, value := range v.Data {
		if values[key] == "" {
			values[key] = value
		}
	}
	lay := layout{
		View: v, Heading: fill(k.Heading, values), Hello: fill(l.Hello, values), Copy: l.Copy, Sender: fill(l.Sender, values),
		UnsubscribeLabel: l.Unsubscribe, Color: s.Storefront.ThemeColor,
	}
	lay.Subject = oneLine(fill(k.Subject, values), maxSubject)
	if lay.Hello == "" {
		lay.Hello = l.HelloAnybody
	}
	if v.Link != "" {
		lay.Button = k.Button
	}
	add := func(to *[]string, line string) {
		if line = fill(line, values); line != "" {
			*to = append(*to, line)
		}
	}
	for _, line := range k.Body {
		add(&lay.Body, line)
	}
	for _, note := range k.Notes {
		add(&lay.Notes, map[string]string{"valid": l.Valid, "ignore": l.Ignore}[note])
	}
	out := parts{Subject: lay.Subject}
	own = ordered(own, m.templates(), codes)
	// part makes what the store's templates have of a part, the best of which is
	// at the place at: len(own) if there is none.
	part := func(html bool, of func(*Template) string) (made string, at int, err error) {
		for i := range own {
			if text := of(&own[i]); text != "" {
				made, err = own[i].make(text, html, v, w, codes, t)
				return made, i, err
			}
		}
		return "", len(own), nil
	}
	subject, at, err := part(false, func(t *Template) string { return t.Subject })
	if err != nil {
		return out, fmt.Errorf("subject: %w", err)
	}
	if at < len(own) {
		out.Subject = oneLine(subject, maxSubject)
	}
	lay.Subject = out.Subject
	html, htmlAt, err := part(true, func(t *Template) string { return t.HTML })
	if err != nil {
		return out, fmt.Errorf("html: %w", err)
	}
	text, textAt, err := part(false, func(t *Template) string { return t.Text })
	if err != nil {
		return out, fmt.Errorf("text: %w", err)
	}
	if out.HTML = html; htmlAt == len(own) {
		var b bytes.Buffer
		if err := t.html.Execute(&b, lay); err != nil {
			return out, err
		}
		out.HTML = b.String()
	}
	switch {
	case htmlAt < textAt && (textAt == len(own) || own[textAt].ChannelID != own[htmlAt].ChannelID): // the text of another level would say something else
		out.Text = textOf(out.HTML)
	case textAt < len(own):
		out.Text = text
	default:
		var b bytes.Buffer
		if err := t.text.Execute(&b, lay); err != nil {
			return out, err
		}
		out.Text = b.String()
	}
	return out, nil
}

// ordered returns the templates that a message is made of, the best first: those
// of the channel, then of the best kind, then of the best locale.
func ordered(own []Template, kinds []Kind, codes []string) []Template {
	out := slices.DeleteFunc(slices.Clone(own), func(t Template) bool {
		return !slices.Contains(kinds, t.Kind) || !slices.Contains(codes, t.Locale)
	})
	slices.SortStableFunc(out, func(a, b Template) int {
		return cmp.Or(cmp.Compare(b.ChannelID, a.ChannelID), // 0 is all
			cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
			cmp.Compare(slices.Index(codes, a.Locale), slices.Index(codes, b.Locale)))
	})
	return out
}

// make makes a part of a template. One in a language that the program has no
// texts in is told that language.
func (t *Template) make(text string, html bool, v View, w *surroundings, codes []string, own *texts) (string, error) {
	if t.Locale != "" && own.speaks(t.Locale) == "" {
		v.Locale = t.Locale
	}
	if !isHandlebars(text) {
		return execute(text, html, v)
	}
	if t.Locale == "" {
		for _, code := range codes {
			if len(t.Translations[code]) > 0 {
				v.Locale = code
				break
			}
		}
	}
	values := v.fields(t.Kind, w.reader, w.year)
	c, err := compile(text, treeOf(sampleFields(t.Kind)))
	if err != nil {
		return "", err
	}
	h, err := c.prepare(html, phrasesOf(t.Translations))
	if err != nil {
		return "", err
	}
	return h.execute(phraseLocales(v.Locale, w.settings.Language), values)
}

// bounded is a buffer that does not grow without end.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxBody {
		return 0, errLong
	}
	return b.Buffer.Write(p)
}

var errLong = fmt.Errorf("it makes more than %d KiB", maxBody>>10)

// execute makes a text of a template in Go's template language.
func execute(text string, html bool, v View) (string, error) {
	var b bounded
	run := func(t interface{ Execute(io.Writer, any) error }, tree *parse.Tree) error {
		if err := harmless(tree); err != nil {
			return err
		}
		if err := t.Execute(&b, v); err != nil {
			return plainError(err)
		}
		return nil
	}
	if html {
		t, err := htmltemplate.New("").Parse(text)
		if err != nil {
			return "", plainError(err)
		}
		err = run(t, t.Tree)
		return b.String(), err
	}
	t, err := texttemplate.New("").Parse(text)
	if err != nil {
		return "", plainError(err)
	}
	err = run(t, t.Tree)
	return b.String(), err
}

// faults are the template library's errors and what they mean to an author.
var faults = sync.OnceValue(func() []libraryFault {
	return []libraryFault{
		{regexp.MustCompile(`can't evaluate field (\w+)`), `there is no placeholder with the name $1: clientele email template placeholders lists them`},
		{regexp.MustCompile(`function "(\w+)" not defined`), `$1 is no placeholder: one begins with a dot, such as {{.Link}}`},
		{regexp.MustCompile(`unclosed action|unexpected EOF in operand`), `{{ is not closed by }}`},
		{regexp.MustCompile(`unexpected EOF`), `{{if}} or {{with}} is not ended by {{end}}`},
		{regexp.MustCompile(`unexpected \{\{end\}\}`), `{{end}} ends nothing`},
		{regexp.MustCompile(`missing value for (command|if|with)`), `{{ }} holds no placeholder`},
		{regexp.MustCompile(`undefined variable "(.+)"`), `$1 is a variable, which are not supported`},
		{regexp.MustCompile(`unexpected (.+) in (operand|command|\w+ clause)`), `$1 cannot stand between {{ and }}`},
	}
})

// libraryFault is an error of the template library, and what it means.
type libraryFault struct {
	of   *regexp.Regexp
	mean string
}

var faultLine = regexp.MustCompile(`^(?:html/)?template: ?:(\d+)`)

// plainError says in words what is wrong with a template, with its line.
func plainError(err error) error {
	text := err.Error()
	line := ""
	if m := faultLine.FindStringSubmatch(text); m != nil {
		line = "line " + m[1] + ": "
	}
	for _, f := range faults() {
		if m := f.of.FindStringSubmatchIndex(text); m != nil {
			return errors.New(line + string(f.of.ExpandString(nil, f.mean, text, m)))
		}
	}
	return errors.New(line + strings.ReplaceAll(strings.ReplaceAll(text, "html/template", "template"), "mail.", ""))
}

// comparisons are the functions that stores' templates may use.
var comparisons = []string{"and", "or", "not", "eq", "ne"}

// harmless makes sure that a store's template does no more than it needs:
// text, fields, if and with. It can neither loop nor grow.
func harmless(tree *parse.Tree) error {
	if tree == nil || tree.Root == nil {
		return nil
	}
	return harmlessNode(tree.Root)
}

func harmlessNode(n parse.Node) error {
	branch := func(b *parse.BranchNode) error {
		for _, n := range []parse.Node{b.Pipe, b.List} {
			if err := harmlessNode(n); err != nil {
				return err
			}
		}
		if b.ElseList != nil {
			return harmlessNode(b.ElseList)
		}
		return nil
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			if err := harmlessNode(c); err != nil {
				return err
			}
		}
		return nil
	case *parse.TextNode, *parse.CommentNode, *parse.FieldNode, *parse.DotNode, *parse.StringNode, *parse.BoolNode, *parse.NumberNode:
		return nil
	case *parse.ActionNode:
		return harmlessNode(n.Pipe)
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.PipeNode:
		if len(n.Decl) > 0 {
			return errors.New("variables are not supported")
		}
		for _, c := range n.Cmds {
			for _, a := range c.Args {
				if err := harmlessNode(a); err != nil {
					return err
				}
			}
		}
		return nil
	case *parse.IdentifierNode:
		if slices.Contains(comparisons, n.Ident) {
			return nil
		}
		return fmt.Errorf("%s is not supported: use fields, if, with, %s", n.Ident, strings.Join(comparisons, ", "))
	case *parse.VariableNode:
		if len(n.Ident) > 0 && n.Ident[0] == "$" {
			return nil
		}
	}
	return fmt.Errorf("%s is not supported: use fields, if and with", n)
}
