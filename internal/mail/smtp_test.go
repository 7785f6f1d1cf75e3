package mail_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/mail"
)

// server is a mail server that keeps what it gets.
type server struct {
	t      *testing.T
	listen net.Listener
	cert   tls.Certificate
	roots  *x509.CertPool

	startTLS bool
	noUTF8   bool
	user     string            // "user:password", empty for anybody
	replies  map[string]string // by the first word of a command, once

	mu   sync.Mutex
	got  []delivery
	seen []string // commands
}

type delivery struct {
	from, to, data string
	encrypted      bool
	user           string
}

func serve(t *testing.T, implicit bool, change func(*server)) *server {
	t.Helper()
	s := &server{t: t, startTLS: true, replies: map[string]string{}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(cert)
	if change != nil {
		change(s)
	}
	if s.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if implicit {
		s.listen = tls.NewListener(s.listen, &tls.Config{Certificates: []tls.Certificate{s.cert}})
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := s.listen.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.talk(conn, implicit) })
		}
	})
	t.Cleanup(func() {
		s.listen.Close()
		ended := make(chan struct{})
		go func() { wg.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("a connection was left open")
		}
	})
	return s
}

// client returns how to reach the server.
func (s *server) client(encryption mail.TLS) *mail.SMTP {
	_, port, _ := net.SplitHostPort(s.listen.Addr().String())
	n, _ := strconv.Atoi(port)
	return &mail.SMTP{Host: "127.0.0.1", Port: n, TLS: encryption, Timeout: 5 * time.Second, Roots: s.roots, Helo: "test"}
}

func (s *server) deliveries() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivery(nil), s.got...)
}

func (s *server) talk(conn net.Conn, encrypted bool) {
	defer func() { conn.Close() }()
	r := bufio.NewReader(conn)
	say := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 mail ESMTP")
	var d delivery
	user := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb := strings.ToUpper(strings.Fields(line + " x")[0])
		s.mu.Lock()
		s.seen = append(s.seen, verb)
		reply := s.replies[verb]
		delete(s.replies, verb)
		s.mu.Unlock()
		if reply == "close" {
			return
		}
		if reply != "" {
			say(reply)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-mail")
			if !s.noUTF8 {
				say("250-SMTPUTF8")
			}
			say("250-8BITMIME")
			if s.startTLS && !encrypted {
				say("250-STARTTLS")
			}
			if s.user != "" {
				say("250-AUTH PLAIN LOGIN")
			}
			say("250 ENHANCEDSTATUSCODES")
		case "STARTTLS":
			say("220 go on")
			c := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.cert}})
			if err := c.Handshake(); err != nil {
				return
			}
			conn, encrypted = c, true
			r = bufio.NewReader(conn)
		case "AUTH":
			raw, _ := base64.StdEncoding.DecodeString(strings.Fields(line)[2])
			if user = strings.ReplaceAll(strings.TrimPrefix(string(raw), "\x00"), "\x00", ":"); user != s.user {
				say("535 5.7.8 no")
				continue
			}
			say("235 2.7.0 ok")
		case "MAIL":
			if s.user != "" && user == "" {
				say("530 5.7.0 sign in first")
				continue
			}
			d = delivery{from: line, encrypted: encrypted, user: user}
			say("250 2.1.0 ok")
		case "RCPT":
			d.to = line
			say("250 2.1.5 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(l, "."))
			}
			s.mu.Lock()
			end := s.replies["."]
			delete(s.replies, ".")
			s.mu.Unlock()
			if end != "" {
				say(end)
				continue
			}
			d.data = b.String()
			s.mu.Lock()
			s.got = append(s.got, d)
			s.mu.Unlock()
			say("250 2.0.0 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// read takes a delivered message apart.
func read(t *testing.T, data string) (head netmail.Header, text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	typ, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || typ != "multipart/alternative" {
		t.Fatalf("%s: %v", typ, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		if enc := p.Header.Get("Content-Transfer-Encoding"); enc != "quoted-printable" {
			t.Errorf("encoded as %s", enc)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		switch typ, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); typ {
		case "text/plain":
			text = string(b)
		case "text/html":
			html = string(b)
		default:
			t.Errorf("a part of type %s", typ)
		}
	}
}

func letter() *mail.Letter {
	return &mail.Letter{
		From: netmail.Address{Name: `Zoë's "Shop"`, Address: "shop@example.com"}, To: netmail.Address{Name: "Jürgen, Dr.", Address: "j@xn--bcher-kva.example"},
		ReplyTo: "help@example.com", Subject: "Grüße\r\nBcc: evil@example.com", Text: "Hallo\n.\nEnde", HTML: "<p>Grüße</p>",
		MessageID: "aaaa-bbbb@example.com", Date: time.Unix(1_750_000_000, 0).UTC(), Unsubscribe: "https://shop.example.com/unsubscribe?t=1",
	}
}

func TestSMTP(t *testing.T) {
	for name, c := range map[string]struct {
		implicit  bool
		tls       mail.TLS
		change    func(*server)
		encrypted bool
	}{
		"starttls":                  {false, mail.StartTLS, nil, true},
		"implicit":                  {true, mail.ImplicitTLS, nil, true},
		"none":                      {false, mail.NoTLS, nil, false},
		"opportunistic with":        {false, mail.Opportunistic, nil, true},
		"opportunistic without":     {false, mail.Opportunistic, func(s *server) { s.startTLS = false }, false},
		"signed in":                 {false, mail.StartTLS, func(s *server) { s.user = "me:secret" }, true},
		"implicit, signed in":       {true, mail.ImplicitTLS, func(s *server) { s.user = "me:secret" }, true},
		"signed in on this machine": {false, mail.NoTLS, func(s *server) { s.user = "me:secret" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, c.implicit, c.change)
			client := s.client(c.tls)
			if s.user != "" {
				client.User, client.Password = "me", "secret"
			}
			if err := client.Send(t.Context(), letter()); err != nil {
				t.Fatal(err)
			}
			got := s.deliveries()
			if len(got) != 1 || got[0].encrypted != c.encrypted || got[0].user != s.user || got[0].from != "MAIL FROM:<shop@example.com> BODY=8BITMIME SMTPUTF8" || got[0].to != "RCPT TO:<j@xn--bcher-kva.example>" {
				t.Fatalf("%+v", got)
			}
			head, text, html := read(t, got[0].data)
			decode := new(mime.WordDecoder).DecodeHeader
			subject, err := decode(head.Get("Subject"))
			if err != nil || strings.Contains(got[0].data, "\nBcc:") || !strings.HasPrefix(subject, "Grüße") {
				t.Errorf("subject %q, %v", subject, err)
			}
			from, err := head.AddressList("From")
			if err != nil || from[0].Name != `Zoë's "Shop"` || from[0].Address != "shop@example.com" {
				t.Errorf("from %v, %v", from, err)
			}
			to, err := head.AddressList("To")
			if err != nil || len(to) != 1 || to[0].Name != "Jürgen, Dr." {
				t.Errorf("to %v, %v", to, err)
			}
			for name, want := range map[string]string{
				"Message-Id": "<aaaa-bbbb@example.com>", "Date": "Sun, 15 Jun 2025 15:06:40 +0000", "Reply-To": "<help@example.com>",
				"List-Unsubscribe": "<https://shop.example.com/unsubscribe?t=1>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
				"Auto-Submitted": "auto-generated", "User-Agent": "", "X-Mailer": "",
			} {
				if got := head.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if strings.ReplaceAll(text, "\r", "") != "Hallo\n.\nEnde" || html != "<p>Grüße</p>" {
				t.Errorf("%q %q", text, html)
			}
		})
	}
}

func TestSMTPRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		tls       mail.TLS
		change    func(*server)
		permanent bool
		code      int
	}{
		"no starttls":       {mail.StartTLS, func(s *server) { s.startTLS = false }, false, 0},
		"stranger's name":   {mail.StartTLS, func(s *server) { s.roots = x509.NewCertPool() }, false, 0},
		"unknown recipient": {mail.StartTLS, func(s *server) { s.replies["RCPT"] = "550 5.1.1 no such mailbox" }, true, 550},
		"greylisted":        {mail.StartTLS, func(s *server) { s.replies["RCPT"] = "451 4.7.1 later" }, false, 451},
		"spam":              {mail.StartTLS, func(s *server) { s.replies["."] = "554 5.7.1 spam" }, true, 554},
		"full":              {mail.StartTLS, func(s *server) { s.replies["."] = "452 4.3.1 full" }, false, 452},
		"sender":            {mail.StartTLS, func(s *server) { s.replies["MAIL"] = "553 5.1.8 who" }, true, 553},
		"sign in":           {mail.StartTLS, func(s *server) { s.user = "me:secret" }, false, 530},
		"hangs up":          {mail.StartTLS, func(s *server) { s.replies["DATA"] = "close" }, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, false, c.change)
			err := s.client(c.tls).Send(t.Context(), letter())
			var failure *mail.SendError
			if !errors.As(err, &failure) || failure.Permanent != c.permanent || failure.Code != c.code || len(s.deliveries()) != 0 {
				t.Errorf("%+v", err)
			}
			if strings.Contains(failure.Public(), "@") {
				t.Error(failure.Public())
			}
		})
	}
	// A wrong password can be mended.
	s := serve(t, false, func(s *server) { s.user = "me:secret" })
	client := s.client(mail.StartTLS)
	client.User, client.Password = "me", "wrong"
	var failure *mail.SendError
	if err := client.Send(t.Context(), letter()); !errors.As(err, &failure) || failure.Permanent {
		t.Error(err)
	}
	// What comes after the message was taken does not count.
	s = serve(t, false, func(s *server) { s.replies["QUIT"], s.replies["RSET"] = "close", "421 4.3.0 bye" })
	if err := s.client(mail.StartTLS).Send(t.Context(), letter()); err != nil || len(s.deliveries()) != 1 {
		t.Error(err)
	}
}

func TestParseSMTP(t *testing.T) {
	for text, want := range map[string]string{
		"smtp://mail.example.com":                          "mail.example.com 587   starttls ",
		"smtp://me:p%40ss@mail.example.com:25?helo=a.b":    "mail.example.com 25 me p@ss starttls a.b",
		"smtps://me%40x.org:secret@mail.example.com":       "mail.example.com 465 me@x.org secret implicit ",
		"smtp://127.0.0.1:1025":                            "127.0.0.1 1025   opportunistic ",
		"smtp://localhost:1025?tls=none":                   "localhost 1025   none ",
		"smtp://[::1]:1025?tls=starttls":                   "::1 1025   starttls ",
		"smtp://mail.example.com?tls=none":                 "",
		"smtp://mail.example.com?tls=opportunistic":        "",
		"smtps://mail.example.com?tls=none":                "",
		"smtp://secret@mail.example.com":                   "",
		"smtp://mail.example.com/box":                      "",
		"smtp://mail.example.com?x=1":                      "",
		"http://mail.example.com":                          "",
		"mail.example.com:25":                              "",
		"smtp://me:secret/@mail.example.com":               "",
		"smtp://mail.example.com:99999":                    "",
		"smtp://me:secret@mail.example.com?helo=a%0d%0ab.": "",
	} {
		s, err := mail.ParseSMTP(text)
		if want == "" {
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := fmt.Sprint(s.Host, " ", s.Port, " ", s.User, " ", s.Password, " ", s.TLS, " ", s.Helo); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

// Addresses with letters beyond ASCII before the @ go only to servers that
// announce that they take them.
func TestSMTPUTF8(t *testing.T) {
	for name, c := range map[string]struct {
		noUTF8 bool
		change func(*mail.Letter)
		to     string // RCPT; empty: refused
	}{
		"ASCII":           {true, func(*mail.Letter) {}, "RCPT TO:<j@xn--bcher-kva.example>"},
		"quoted":          {true, func(l *mail.Letter) { l.To.Address = "a..b.@example.com" }, `RCPT TO:<"a..b."@example.com>`},
		"announced":       {false, func(l *mail.Letter) { l.To.Address = "zoë@example.com" }, "RCPT TO:<zoë@example.com>"},
		"not announced":   {true, func(l *mail.Letter) { l.To.Address = "zoë@example.com" }, ""},
		"of the sender":   {true, func(l *mail.Letter) { l.From.Address = "zoë@example.com" }, ""},
		"to answer to it": {true, func(l *mail.Letter) { l.ReplyTo = "zoë@example.com" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, false, func(s *server) { s.noUTF8 = c.noUTF8 })
			l := letter()
			c.change(l)
			err := s.client(mail.StartTLS).Send(t.Context(), l)
			got := s.deliveries()
			if c.to == "" {
				var failure *mail.SendError
				if !errors.As(err, &failure) || !failure.Permanent || !strings.Contains(err.Error(), "SMTPUTF8") || len(got) != 0 {
					t.Errorf("%v, %+v", err, got)
				}
				return
			}
			if err != nil || len(got) != 1 || got[0].to != c.to || strings.Contains(got[0].from, "SMTPUTF8") == c.noUTF8 {
				t.Errorf("%v, %+v", err, got)
			}
		})
	}
}
