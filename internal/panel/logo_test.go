package panel_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

const pictured = `stores:
  - hash: one
    name: Green Garden
    settings: {admin_email: shop@example.com}
    channels: [{id: 1, name: Shop, url: "http://shop.example"}]
  - hash: two
    name: Birch Books
    channels: [{id: 1, name: Shop, url: "http://books.example"}]
`

// drawn is a picture of a size as the bytes of a file.
func drawn(t *testing.T, kind string, width, height int) string {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.RGBA{0x2e, 0x7d, 0x32, 0xff}, color.RGBA{0xff, 0xb3, 0x00, 0xff}})
	for y := range height {
		for x := range width {
			if dx, dy := 2*x-width, 2*y-height; dx*dx*height*height+dy*dy*width*width < width*width*height*height {
				m.SetColorIndex(x, y, uint8(1+x*3/width%2))
			}
		}
	}
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, m)
	case "jpeg":
		err = jpeg.Encode(&b, m, nil)
	case "gif":
		err = gif.Encode(&b, m, nil)
	case "webp":
		head := append([]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"), 0, 0, 0, 0, 0, 0)
		binary.LittleEndian.PutUint16(head[24:], uint16(width-1))
		binary.LittleEndian.PutUint16(head[27:], uint16(height-1))
		b.Write(head)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// at asks for a path at a host.
func (w *world) at(host, path string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.server.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Host = host
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(body)
}

// A logo is what its bytes say, is served by the hosts of its store alone, and goes as
// it came.
func TestLogo(t *testing.T) {
	each(t, pictured, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.Administrator)
		w.person("mia@example.com", 1, staff.Marketing)
		const at = "/manage/store/one/settings/look"
		ann, mia := w.browser().signIn("ann@example.com"), w.browser().signIn("mia@example.com")
		send := func(b *browser, path, file string) *browser { return b.uploadAs("logo", path, "logo.png", file) }

		ann.get(at).want(200, "", "Upload the logo", "!Remove the logo", "at most 256 KiB")
		for _, bad := range []struct{ file, text string }{
			{"", "Please fill this in"}, {"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture as PNG"}, {"<!DOCTYPE html><script>1</script>", "no picture as PNG"},
			{"\x89PNG\r\n\x1a\n<script>1</script>", "no picture as PNG"}, {"GIF89a", "no picture as PNG"}, {"RIFF\x16\x00\x00\x00WEBPVP8X" + strings.Repeat("\x00", 3), "no picture as PNG"}, {"BM" + strings.Repeat("x", 200), "no picture as PNG"},
			{drawn(t, "png", 5000, 2), "larger than 4096 pixels"}, {drawn(t, "png", 8, 8) + strings.Repeat("x", 256<<10), "larger than 256 KiB"}, {strings.Repeat("x", 3<<20), "larger than 256 KiB"},
		} {
			send(ann, at+"/logo", bad.file).want(422, "", bad.text, "!is saved")
		}
		ann.post(at+"/logo", "logo", "x").want(422, "", "Please fill this in")
		send(mia, at+"/logo", drawn(t, "png", 8, 8)).want(403, "")
		mia.get(at+"/logo").want(403, "")
		mia.post(at+"/logo/remove").want(403, "")
		send(ann, "/manage/store/two/settings/look/logo", drawn(t, "png", 8, 8)).want(404, "")
		ann.get(at+"/logo").want(200, at)

		path, earlier := "", ""
		for _, kind := range []string{"png", "jpeg", "gif", "webp"} {
			file := drawn(t, kind, 120, 40)
			for range 2 { // sent twice it is the same
				send(ann, at+"/logo", file).want(200, at, "The logo is saved.", "120 × 40 pixels", "Replace the logo", `src="`+at+`/logo?name=`)
			}
			earlier, path = path, regexp.MustCompile(`/logo/[0-9a-f]{32}\.[a-z]+`).FindString(ann.body)
			res, body := w.at("shop.example", path)
			h := res.Header
			if res.StatusCode != 200 || body != file || h.Get("Content-Type") != "image/"+kind || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s: %d %v", path, res.StatusCode, h)
			}
			if ann.get(at+"/logo").want(200, ""); ann.body != file || ann.header.Get("Content-Type") != "image/"+kind {
				t.Error(ann.header)
			}
		}
		if res, _ := w.at("shop.example", earlier); res.StatusCode != 302 || res.Header.Get("Location") != path {
			t.Errorf("an earlier one: %d %v", res.StatusCode, res.Header)
		}
		for _, other := range []string{path[:len(path)-4] + "svg", "/logo/x", "/logo/" + strings.Repeat("0", 32) + ".exe"} {
			if res, _ := w.at("shop.example", other); res.StatusCode != 404 {
				t.Errorf("%s: %d", other, res.StatusCode)
			}
		}
		if res, _ := w.at("books.example", path); res.StatusCode != 404 {
			t.Errorf("at another store's host: %d", res.StatusCode)
		}
		if _, body := w.at("shop.example", "/login.php"); !strings.Contains(body, `<img src="`+path+`" alt="Green Garden"`) {
			t.Error("pages do not show it")
		}
		settings, err := w.Stores.Settings(t.Context(), 1)
		if err != nil || settings.LogoAt("https://x.example") != "https://x.example"+path || settings.LogoAt("") != "" {
			t.Errorf("%+v %v", settings.LogoURL, err)
		}
		ann.get("/manage/store/one/history").want(200, "", path)

		// The address may name another one, and nothing that is not there.
		ann.send(at, ann.fieldsOf(at), "logo_url", "/logo/"+strings.Repeat("0", 32)+".png").want(422, "", "http")
		ann.send(at, ann.fieldsOf(at), "logo_url", "https://cdn.example.com/logo.png").want(200, at, "names another logo")
		ann.send(at, ann.fieldsOf(at), "logo_url", path).want(200, at, "!names another logo")

		ann.post(at+"/logo/remove").want(200, at, "The logo is removed.", "Upload the logo", "!Replace")
		ann.post(at+"/logo/remove").want(200, at)
		if res, _ := w.at("shop.example", path); res.StatusCode != 404 {
			t.Errorf("after all: %d", res.StatusCode)
		}
		if _, body := w.at("shop.example", "/login.php"); strings.Contains(body, "/logo/") {
			t.Error("pages show what is gone")
		}
	})
}

func TestBrowserLogo(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), pictured)
	w.person("ann@example.com", 1, staff.Administrator)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/store/one/settings/look").Want("Upload the logo").See("manage-settings-look")
	b.Eval(`const c = document.createElement("canvas"); c.width = 240; c.height = 60; const x = c.getContext("2d"); x.fillStyle = "#2e7d32"; x.fillRect(0, 0, 240, 60); x.fillStyle = "#fff"; x.font = "bold 28px sans-serif"; x.fillText("Green Garden", 20, 40);
		const raw = atob(c.toDataURL("image/png").split(",")[1]), d = new DataTransfer(); d.items.add(new File([Uint8Array.from(raw, (k) => k.charCodeAt(0))], "logo.png")); document.querySelector("[name=logo]").files = d.files; ""`)
	b.Press(`form[action$="/look/logo"] .primary`).Want("The logo is saved.", "240 × 60 pixels").Await(`document.querySelector(".logo img").naturalWidth === 240`).See("manage-settings-logo")
	b.Press(`form[action$="/logo/remove"] .button`).Want("The logo is removed.")
	b.Calm("the end")
}
