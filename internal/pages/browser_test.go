package pages_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
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
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"clientele/internal/account"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// screenshots names the directory that pictures of all pages go to.
const screenshots = "CLIENTELE_SCREENSHOTS"

// tool reports what a test needs and is missing: in continuous integration
// that is a failure.
func tool(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	t.Fatal(err)
}

var findBrowser = sync.OnceValues(func() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("chromium: %w", exec.ErrNotFound)
})

// axe is the checker for accessibility, installed exactly as the lock file
// says, once per lock file and user.
var axe = sync.OnceValues(func() (string, error) {
	if _, err := exec.LookPath("npm"); err != nil {
		return "", err
	}
	lock, err := os.ReadFile("testdata/axe/package-lock.json")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	parent := filepath.Join(cache, "clientele-browser")
	final := filepath.Join(parent, hex.EncodeToString(sum[:8]))
	script := filepath.Join(final, "node_modules", "axe-core", "axe.min.js")
	if text, err := os.ReadFile(script); err == nil {
		return string(text), nil
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join("testdata/axe", name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	// Whoever is first wins; both have the same.
	if err := os.Rename(dir, final); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	text, err := os.ReadFile(script)
	return string(text), err
})

// tab is a tab of a real browser.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu       sync.Mutex
	problems []string
}

// chrome opens a tab of a browser of its own.
func (w *world) chrome(t *testing.T, options ...chromedp.ExecAllocatorOption) *tab {
	path, err := findBrowser()
	tool(t, err)
	options = append(append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("lang", "en-US"), chromedp.WSURLReadTimeout(time.Minute)), options...)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, base: w.server.URL}
	b.ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancel)
	err = chromedp.Listen(ctx, func(ev any) {
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

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// ask runs an action that has a result.
func ask[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	out, err := chromedp.Run(b.ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// call gives the browser a command.
func call[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	b.run(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	}))
}

func (b *tab) open(path string) *tab {
	b.t.Helper()
	b.run(chromedp.Navigate(b.base + path))
	return b
}

// press clicks a button and waits for the page that it leads to.
func (b *tab) press(selector string) *tab {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("%s: %v", selector, err)
	}
	return b
}

// write fills in fields by their names.
func (b *tab) write(fields ...string) *tab {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		b.run(chromedp.SetValue(chromedp.CSS(`[name="`+fields[i]+`"]:not([type=hidden])`), fields[i+1]))
	}
	return b
}

func (b *tab) text(want ...string) *tab {
	b.t.Helper()
	text := ask(b, chromedp.Text(chromedp.CSS("body")))
	for _, w := range want {
		if !strings.Contains(text, w) {
			b.t.Errorf("no %q in:\n%s", w, text)
		}
	}
	return b
}

// look checks what a page is like in a window: that nothing sticks out, that
// it is accessible, and that the browser has nothing to say against it.
func (b *tab) look(name, kind string, width, height int64, scheme string) {
	b.t.Helper()
	script, err := axe()
	tool(b.t, err)
	b.run(chromedp.EmulateViewport(width, height))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	wide := ask(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
	b.run(chromedp.Evaluate[chromedp.Void](script + ";0"))
	result := ask(b, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html + " " + n.failureSummary).join(" | "))))`, chromedp.EvalAwaitPromise))
	if wide > width {
		b.t.Errorf("%s, %s: %d pixels wide in a window of %d", name, kind, wide, width)
	}
	var violations []string
	if err := json.Unmarshal([]byte(result), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		b.t.Errorf("%s, %s: %s", name, kind, v)
	}
	if dir := os.Getenv(screenshots); dir != "" {
		png := ask(b, chromedp.FullScreenshot(100))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-"+kind+".png"), png, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Errorf("%s, %s: the browser says: %s", name, kind, p)
	}
	b.problems = nil
}

// see looks at a page on a phone, a small one, a desktop and in the dark.
func (b *tab) see(name string) *tab {
	b.t.Helper()
	b.look(name, "phone", 390, 844, "light")
	b.look(name, "small", 320, 640, "light")
	b.look(name, "dark", 1280, 800, "dark")
	b.look(name, "desktop", 1280, 800, "light")
	return b
}

var consenting = strings.Replace(shop, "    form_fields:", "    customer_settings: {privacy_settings: {ask_shopper_for_tracking_consent: true, policy_url: https://shop.example/policy}}\n    form_fields:", 1)

// A shopper's life in a real browser, every page checked on the way.
func TestBrowser(t *testing.T) {
	t.Parallel()
	_, err := findBrowser()
	tool(t, err)
	_, err = axe()
	tool(t, err)
	w := open(t, dbtest.Open(t, sqldb.SQLite), consenting)
	b := w.chrome(t)
	b.open("/").see("home-banner").press(`.banner button[value=none]`).see("home-saved")
	b.open("/").see("home")
	b.open("/login.php").see("sign-in")
	b.write("login_email", "jane@example.com", "login_pass", "wrong 1 wrong").press(`form[action*=check_login] .buttons button`).see("sign-in-wrong")
	b.open("/login.php?action=create_account").see("register")
	b.write("email", "nonsense").press(`main form .buttons button`).see("register-wrong")
	b.write("email", "nora@example.com", "password", "a good pass 9", "confirm_password", "a good pass 9", "first_name", "Nora", "last_name", "New",
		"address1", "Am Markt 1", "city", "Bonn", "postal_code", "53111", "field_26", "1990-05-04")

	// The script brings the states in line with the country.
	b.run(chromedp.Evaluate[chromedp.Void](`(() => { const c = document.querySelector("[name=country]"); c.value = "CN"; c.dispatchEvent(new Event("change")); c.value = "DE"; c.dispatchEvent(new Event("change")); return 0 })()`),
		chromedp.Poll[chromedp.Void](`(() => { const s = document.querySelector("[name=state]"); return !s.required && ![...(s.options || [])].some(o => o.value === "Texas") })()`),
		chromedp.Click(chromedp.CSS(`[name=field_27][value=Roses]`)))
	b.press(`main form .buttons button`).text("Welcome! Your account is ready.", "Hello, Nora").see("account")

	b.open("/account.php?action=account_details").see("details")
	b.open("/account.php?action=address_book").text("53111 Bonn").see("address-book")
	b.open("/account.php?action=add_shipping_address").see("address")
	b.write("address1", "1 Main St", "city", "Austin", "state", "Texas", "postal_code", "78701").press(`main form .buttons button`).text("The address is saved.", "Austin, Texas 78701")
	b.press(`a[href*="edit_shipping_address&address_id=2"]`).see("address-edit")
	b.write("city", " ").press(`main form .buttons button`).see("address-wrong")
	b.write("city", "Dallas").press(`main form .buttons button`).text("Dallas, Texas 78701")
	b.press(`a[href*="delete_shipping_address&address_id=2"]`).see("address-delete").press(`main form .buttons button`).text("The address is deleted.")
	b.open("/account.php?action=newsletter").see("newsletter")
	b.run(chromedp.Click(chromedp.CSS(`[name=newsletter]`)))
	b.press(`main form .buttons button`).text("Your choices are saved.")
	b.open("/account.php?action=change_password").see("password")
	w.browser(t).signIn("nora@example.com", "a good pass 9").want(200, "/account.php")
	b.open("/account.php?action=sessions").see("sessions")
	b.open("/privacy.php").see("privacy")
	b.open("/nowhere").see("not-found")
	b.open("/login.php?action=logout").text("You are signed out.").see("signed-out")

	// A forgotten password.
	b.open("/login.php?action=reset_password").see("forgot")
	b.write("email", "nora@example.com").press(`main form .buttons button`).see("forgot-sent")
	b.open(w.outbox.link(t, account.MailPasswordReset)).see("reset")
	b.write("password", "a better pass 8", "confirm_password", "a better pass 8").press(`main form .buttons button`).text("Your new password is saved.")

	// A link that signs in.
	b.write("email", "nora@example.com").press(`form[action*=passwordless_login] .buttons button`).see("link-sent")
	b.open(w.outbox.link(t, account.MailSignInLink)).text("Hello, Nora")
	b.press(`header button`).text("You are signed out.")
	b.write("login_email", "nora@example.com", "login_pass", "a better pass 8").press(`form[action*=check_login] .buttons button`).text("Hello, Nora")
	b.press(`header button`)
	w.browser(t).get("/login.php").post("/login.php?action=passwordless_login", "email", "nora@example.com").want(200, "")
	b.open(w.outbox.link(t, account.MailSignInLink)).see("follow-link").press(`main form .buttons button`).text("Hello, Nora")
	b.press(`header button`)

	// The newsletter, from the foot of the page and by the link in it.
	b.open("/").write("nl_email", "fan@example.com").press(`.signup button`).text("You are subscribed.")
	token, err := w.account.UnsubscribeToken(t.Context(), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	b.open("/unsubscribe.php?token=" + url.QueryEscape(token)).see("unsubscribe").press(`main form .buttons button`).text("You are unsubscribed").see("unsubscribed")
}

// The same pages in the other languages.
func TestBrowserLanguages(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), strings.Replace(shop, "0a7d4f", "ffd400", 1))
	for _, lang := range []string{"de", "fr"} {
		b := w.chrome(t, chromedp.Flag("lang", lang), chromedp.Flag("accept-lang", lang))
		b.open("/login.php").see("sign-in-" + lang)
		b.open("/login.php?action=create_account").see("register-" + lang)
	}
}
