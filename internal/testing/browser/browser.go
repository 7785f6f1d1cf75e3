// Package browser drives a real browser in tests: it fills in forms, follows
// links, and looks at pages for what sticks out, what is not accessible and
// what the browser complains of.
package browser

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"clientele/internal/testing/npm"
)

// Screenshots names, in the environment, the directory that pictures of all
// pages go to.
const Screenshots = "CLIENTELE_SCREENSHOTS"

// Need skips a test that lacks a tool; in continuous integration it fails.
func Need(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	t.Fatal(err)
}

// Path returns where the browser is. Without one the error is exec.ErrNotFound.
func Path() (string, error) { return find() }

var find = sync.OnceValues(func() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("chromium: %w", exec.ErrNotFound)
})

//go:embed axe/package.json axe/package-lock.json
var lock embed.FS

// axe is the checker for accessibility.
var axe = sync.OnceValues(func() (string, error) {
	dir, err := fs.Sub(lock, "axe")
	if err != nil {
		return "", err
	}
	modules, err := npm.Install(dir)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(modules, "axe-core", "axe.min.js"))
	return string(text), err
})

// Tab is a tab of a browser of its own.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	base string

	mu       sync.Mutex
	problems []string
}

// Open starts a browser that prefers a language and ends with the test, with
// further switches set, as name or name=value. Paths are those of the site at
// base. Short runs have no browser: their tests are skipped.
func Open(t testing.TB, base, language string, switches ...string) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("opens a browser")
	}
	path, err := find()
	Need(t, err)
	_, err = axe()
	Need(t, err)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("lang", language), chromedp.Flag("accept-lang", language))
	for _, name := range switches {
		if name, value, ok := strings.Cut(name, "="); ok {
			options = append(options, chromedp.Flag(name, value))
			continue
		}
		options = append(options, chromedp.Flag(name, true))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return tab(t, ctx, base)
}

// tab begins with a context of the browser.
func tab(t testing.TB, ctx context.Context, base string) *Tab {
	t.Helper()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	b := &Tab{t: t, base: base}
	var cancel context.CancelFunc
	lives := 4 * time.Minute
	if os.Getenv("JOURNEYS") == "full" {
		lives = 40 * time.Minute
	}
	b.ctx, cancel = context.WithTimeout(ctx, lives)
	t.Cleanup(cancel)
	err := chromedp.Listen(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev := ev.(type) {
		case *cdplog.EventEntryAdded: // such as what the Content-Security-Policy stops
			if ev.Entry.Source != cdplog.EntrySourceNetwork && ev.Entry.Level != cdplog.EntryLevelVerbose {
				b.problems = append(b.problems, ev.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			b.problems = append(b.problems, ev.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(b, cdplog.Enable, cdp.Empty{})
	return b
}

func (b *Tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// What the page's script replaces, or a page that follows, is asked for again:
// so often, after a pause.
const (
	tries = 20
	again = 50 * time.Millisecond
)

// replaced reports whether an error says that what was asked for is no more.
func replaced(err error) bool {
	return strings.Contains(err.Error(), "No node with given id") || strings.Contains(err.Error(), "Cannot find context with specified id")
}

// act does something to an element.
func (b *Tab) act(a chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for n := 1; ; n++ {
		err := chromedp.Do(b.ctx, a)
		if err == nil {
			return
		}
		if n == tries || !replaced(err) {
			b.t.Fatal(err)
		}
		time.Sleep(again)
	}
}

// ask runs an action that has a result.
func ask[T any](b *Tab, a chromedp.Action[T]) T {
	b.t.Helper()
	for n := 1; ; n++ {
		out, err := chromedp.Run(b.ctx, a)
		if err == nil {
			return out
		}
		if n == tries || !replaced(err) {
			b.t.Fatal(err)
		}
		time.Sleep(again)
	}
}

// call gives the browser a command.
func call[P, R any](b *Tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	b.run(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	}))
}

// Open goes to a path of the site, or to a whole address.
func (b *Tab) Open(address string) *Tab {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.base + address
	}
	b.run(chromedp.Navigate(address))
	return b
}

// WithoutScripts keeps pages that are opened from now on from running scripts.
func (b *Tab) WithoutScripts() *Tab {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return b
}

// Uncached forgets what the browser has kept of pages.
func (b *Tab) Uncached() *Tab {
	b.t.Helper()
	call(b, network.ClearBrowserCache, cdp.Empty{})
	return b
}

// Press clicks what leads to another page and waits for that.
func (b *Tab) Press(selector string) *Tab {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("%s: %v", selector, err)
	}
	return b
}

// Tick clicks what stays on the page.
func (b *Tab) Tick(selector string) *Tab {
	b.t.Helper()
	b.act(chromedp.Click(chromedp.CSS(selector)))
	return b
}

// Write fills in fields by their names.
func (b *Tab) Write(fields ...string) *Tab {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		b.act(chromedp.SetValue(chromedp.CSS(`[name="`+fields[i]+`"]:not([type=hidden])`), fields[i+1]))
	}
	return b
}

// Type types a text into what a selector finds, key by key.
func (b *Tab) Type(selector, text string) *Tab {
	b.t.Helper()
	b.act(chromedp.SendKeys(chromedp.CSS(selector), text))
	return b
}

// Authenticator gives the browser a device with passkeys, whose owner always
// agrees.
func (b *Tab) Authenticator() *Tab {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	return b
}

// Await waits until an expression of JavaScript is true on the page.
func (b *Tab) Await(expression string) *Tab {
	b.t.Helper()
	b.act(chromedp.Poll[chromedp.Void](expression))
	return b
}

// Eval runs JavaScript on the page and returns the text it comes to, in the
// end.
func (b *Tab) Eval(script string) string {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
}

// Path is where the tab is on the site.
func (b *Tab) Path() string {
	b.t.Helper()
	return b.Eval(`location.pathname + location.search`)
}

// Want checks that the page has texts.
func (b *Tab) Want(texts ...string) *Tab {
	b.t.Helper()
	have := ask(b, chromedp.Text(chromedp.CSS("body")))
	for _, w := range texts {
		if !strings.Contains(have, w) {
			b.t.Errorf("no %q in:\n%s", w, have)
		}
	}
	return b
}

// look checks what a page is like in a window: that nothing sticks out, that
// it is accessible, and that the browser has nothing to say against it.
func (b *Tab) look(name, kind string, width, height int64, scheme string) {
	b.t.Helper()
	script, err := axe()
	Need(b.t, err)
	b.run(chromedp.EmulateViewport(width, height))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	wide := ask(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
	result := "[]"
	if kind != smallPhone { // it has the look of a phone
		if b.Eval(`typeof axe`) == "undefined" { // once for a page's windows
			b.run(chromedp.Evaluate[chromedp.Void](script + ";0"))
		}
		result = b.Eval(`axe.run(document, {resultTypes: ["violations"]` + rulesOf[kind] + `}).then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html + " " + n.failureSummary).join(" | "))))`)
	}
	if wide > width {
		b.t.Errorf("%s, %s: %d pixels wide in a window of %d", name, kind, wide, width)
	}
	// What scrolls sideways hides what is in it.
	if inner := b.Eval(`[...document.querySelectorAll("body *")].filter(e => e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.tagName !== "TEXTAREA").map(e => e.outerHTML.slice(0, 120)).join("\n")`); inner != "" {
		b.t.Errorf("%s, %s: scrolls sideways: %s", name, kind, inner)
	}
	var violations []string
	if err := json.Unmarshal([]byte(result), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		b.t.Errorf("%s, %s: %s", name, kind, v)
	}
	if dir := os.Getenv(Screenshots); dir != "" {
		png := ask(b, chromedp.FullScreenshot(100))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-"+kind+".png"), png, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	b.Calm(name + ", " + kind)
}

// Calm checks that the browser has had nothing to say against the pages so
// far.
func (b *Tab) Calm(when string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Errorf("%s: the browser says: %s", when, p)
	}
	b.problems = nil
}

// rulesOf is how the rules of a kind of window differ from all that axe has. In
// the dark only colours are others, and a phone has those of the desktop: contrast
// is what takes axe the longest.
var rulesOf = map[string]string{
	"dark":  `, runOnly: ["color-contrast", "link-in-text-block"]`,
	"phone": `, rules: {"color-contrast": {enabled: false}}`,
}

// smallPhone is a window in which nothing may stick out.
const smallPhone = "small"

// See looks at a page on a phone, a small one, a desktop and in the dark.
func (b *Tab) See(name string) *Tab {
	b.t.Helper()
	b.look(name, "phone", 390, 844, "light")
	b.look(name, smallPhone, 320, 640, "light")
	b.look(name, "dark", 1280, 800, "dark")
	b.look(name, "desktop", 1280, 800, "light")
	return b
}

// maxStops bounds how often Stops presses the key, firstKeys how often without
// coming to anything.
const (
	maxStops  = 500
	firstKeys = 3
)

// covered tells of what has the focus: nothing at the end of the page, and
// otherwise what it is and whether something else lies over it or it is out of
// the window. An element may be in several boxes, such as a link on two lines.
const covered = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body || e === document.documentElement) return "";
	const name = e.outerHTML.slice(0, 120);
	const boxes = [...e.getClientRects()].filter(r => r.width > 0 && r.height > 0);
	for (const r of boxes) {
		const left = Math.max(r.left, 0), right = Math.min(r.right, innerWidth), top = Math.max(r.top, 0), bottom = Math.min(r.bottom, innerHeight);
		if (right - left < 1 || bottom - top < 1) return "out of the window: " + name;
		for (const [x, y] of [[0.5, 0.5], [0.5, 0.1], [0.5, 0.9]]) {
			const over = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
			if (over && !over.contains(e) && !e.contains(over)) return "under " + over.outerHTML.slice(0, 120) + ": " + name;
		}
	}
	return "ok " + name;
})()`

// Stops goes through a page by the keyboard in a window, forwards and
// backwards, and checks that whatever has the focus can be seen.
func (b *Tab) Stops(name string, width, height int64) *Tab {
	b.t.Helper()
	b.run(chromedp.EmulateViewport(width, height))
	for direction, options := range map[string][]chromedp.KeyOption{
		"forwards": nil, "backwards": {chromedp.KeyModifiers(chromedp.ModifierShift)},
	} {
		b.Eval(`document.activeElement && document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0); ""`)
		stops := 0
		for n := range maxStops {
			b.run(chromedp.KeyEvent("\t", options...))
			said := b.Eval(covered)
			if said == "" && stops == 0 && n < firstKeys {
				continue // a busy browser may not yet have given the page the focus
			}
			if said == "" {
				break
			}
			if stops++; !strings.HasPrefix(said, "ok ") {
				b.t.Errorf("%s, %s, %d by %d, stop %d: %s", name, direction, width, height, stops, said)
			}
		}
		if stops == 0 || stops == maxStops {
			b.t.Errorf("%s, %s: %d stops", name, direction, stops)
		}
	}
	return b
}
