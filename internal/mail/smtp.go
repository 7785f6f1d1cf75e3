package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"clientele/internal/email"
)

// SMTP says how to reach a mail server.
type SMTP struct {
	Host           string
	Port           int
	User, Password string
	TLS            TLS
	Helo           string // empty: the machine's name
	Timeout        time.Duration
	// Roots are the authorities to trust; nil means the system's.
	Roots *x509.CertPool
}

// TLS says how a connection is encrypted.
type TLS string

// The ways to encrypt.
const (
	StartTLS      TLS = "starttls" // must be offered
	ImplicitTLS   TLS = "implicit"
	Opportunistic TLS = "opportunistic" // where it is offered: loopback only
	NoTLS         TLS = "none"          // loopback only
)

const smtpTimeout = 30 * time.Second

// ParseSMTP reads smtp://user:password@host:port and smtps://…, with the
// parameters tls and helo. Passwords never appear in its errors.
func ParseSMTP(text string) (*SMTP, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return nil, errors.New("want smtp://user:password@host:587 or smtps://…, with special characters in the password percent-encoded")
	}
	out := &SMTP{Host: u.Hostname(), Port: 587, TLS: StartTLS, Timeout: smtpTimeout}
	local := loopback(out.Host)
	switch {
	case u.Scheme == "smtps":
		out.Port, out.TLS = 465, ImplicitTLS
	case local:
		out.TLS = Opportunistic
	}
	if p := u.Port(); p != "" {
		if out.Port, err = strconv.Atoi(p); err != nil || out.Port < 1 || out.Port > 65535 {
			return nil, fmt.Errorf("there is no port %q", p)
		}
	}
	if u.User != nil {
		out.User = u.User.Username()
		out.Password, _ = u.User.Password()
		if out.User == "" || out.Password == "" {
			return nil, errors.New("want a user and a password, or neither")
		}
	}
	for key, values := range u.Query() {
		switch v := values[0]; {
		case key == "helo" && v != "" && !strings.ContainsAny(v, " \r\n\t"):
			out.Helo = v
		case key == "tls" && u.Scheme == "smtp" && (v == string(StartTLS) || v == string(NoTLS) || v == string(Opportunistic)):
			out.TLS = TLS(v)
		default:
			return nil, fmt.Errorf("%s=%s: want tls=starttls, none or opportunistic, or helo=NAME", key, v)
		}
	}
	if !local && (out.TLS == NoTLS || out.TLS == Opportunistic) {
		return nil, fmt.Errorf("tls=%s is for mail servers on this machine only", out.TLS)
	}
	return out, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send implements Sender.
func (c *SMTP) Send(ctx context.Context, l *Letter) error {
	msg, err := l.message()
	if err != nil {
		return &SendError{Permanent: true, Stage: "making the message", Err: err}
	}
	secure := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12, RootCAs: c.Roots}
	dial := (&net.Dialer{}).DialContext
	if c.TLS == ImplicitTLS {
		dial = (&tls.Dialer{Config: secure}).DialContext
	}
	// The library leaves a connection open where greeting, encrypting or
	// signing in fails.
	var conn net.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close() // mostly for the second time
		}
	}()
	opts := []gomail.Option{
		gomail.WithPort(c.Port), gomail.WithTimeout(c.Timeout), gomail.WithTLSConfig(secure),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (_ net.Conn, err error) {
			conn, err = dial(ctx, network, address)
			return conn, err
		}),
	}
	if c.Helo != "" {
		opts = append(opts, gomail.WithHELO(c.Helo))
	}
	switch c.TLS {
	case StartTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case ImplicitTLS, Opportunistic: // a server must not offer it a second time
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case NoTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if c.User != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if c.TLS == NoTLS || c.TLS == Opportunistic { // on this machine
			auth = gomail.SMTPAuthPlainNoEnc
		}
		opts = append(opts, gomail.WithSMTPAuth(auth), gomail.WithUsername(c.User), gomail.WithPassword(c.Password))
	}
	client, err := gomail.NewClient(c.Host, opts...)
	if err != nil {
		return &SendError{Stage: "preparing", Err: err}
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		// Ended at once where nothing is sent, which is no use to know of.
		defer func() { _ = client.CloseWithSMTPClient(session) }()
		if ok, _ := session.Extension("SMTPUTF8"); !ok && l.needsUTF8() {
			return &SendError{Permanent: true, Stage: "SMTPUTF8", Err: errNoUTF8}
		}
		err = client.SendWithSMTPClient(session, msg)
	}
	if err == nil || msg.IsDelivered() { // what the server said after accepting it does not matter
		return nil
	}
	out := &SendError{Stage: "connecting", Err: err}
	var failure *gomail.SendError
	if !errors.As(err, &failure) && msg.HasSendError() {
		errors.As(msg.SendError(), &failure)
	}
	if failure != nil {
		out.Code, out.Stage, out.Recipient = failure.ErrorCode(), failure.Reason.String(), failure.Reason == gomail.ErrSMTPRcptTo
		switch failure.Reason {
		case gomail.ErrSMTPMailFrom, gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
			// 530 is about whoever sends, which can be mended.
			out.Permanent = out.Code >= 500 && out.Code <= 599 && out.Code != 530
		case gomail.ErrGetSender, gomail.ErrGetRcpts:
			out.Permanent = true
		}
	}
	return out
}

var errNoUTF8 = errors.New("the mail server takes no addresses with letters beyond ASCII before the @: it does not announce SMTPUTF8")

// needsUTF8 reports whether a letter is for servers with SMTPUTF8 alone.
func (l *Letter) needsUTF8() bool {
	return email.NeedsUTF8(l.To.Address) || email.NeedsUTF8(l.From.Address) || email.NeedsUTF8(l.ReplyTo)
}

// message puts a letter into the form of the library, which encodes headers.
func (l *Letter) message() (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("b"+strings.ReplaceAll(l.MessageID[:strings.IndexByte(l.MessageID, '@')], "-", "")))
	from, to := l.From, l.To
	m.FromMailAddress(&from)
	m.ToMailAddress(&to)
	if l.ReplyTo != "" {
		m.ReplyToMailAddress(&netmail.Address{Address: l.ReplyTo})
	}
	m.Subject(l.Subject)
	m.SetDateWithValue(l.Date)
	m.SetMessageIDWithValue(l.MessageID)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	if l.Unsubscribe != "" {
		if strings.HasPrefix(l.Unsubscribe, "https:") {
			if err := m.SetListUnsubscribeOneClick(l.Unsubscribe); err != nil {
				return nil, err
			}
		} else {
			m.SetListUnsubscribe(l.Unsubscribe)
		}
	}
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	return m, nil
}
