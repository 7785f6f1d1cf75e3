package mail

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// blocks are the elements that begin a line of a text; those that are true also
// leave one free before it.
var blocks = map[string]bool{
	"p": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "ul": true, "ol": true, "table": true, "hr": true, "blockquote": true,
	"article": true, "section": true, "div": false, "br": false, "li": false, "tr": false, "header": false, "footer": false, "main": false,
}

// hidden are the elements whose content nobody reads.
var hidden = map[string]bool{"head": true, "style": true, "script": true, "title": true, "template": true}

// textOf returns what a page says, for who reads emails without HTML: links
// have their addresses after them, images their descriptions.
func textOf(page string) string {
	var b, said []byte
	skip, href := 0, ""
	line := func(free bool) {
		if b = bytes.TrimRight(b, " \n"); len(b) > 0 {
			b = append(b, '\n')
			if free {
				b = append(b, '\n')
			}
		}
	}
	space := func() {
		if n := len(b); n > 0 && b[n-1] != '\n' && b[n-1] != ' ' {
			b = append(b, ' ')
		}
	}
	write := func(text string) {
		if strings.TrimLeft(text, " \t\r\n") != text {
			space()
		}
		b = append(b, strings.Join(strings.Fields(text), " ")...)
		if strings.TrimRight(text, " \t\r\n") != text {
			space()
		}
	}
	z := html.NewTokenizer(strings.NewReader(page))
	for t := z.Next(); t != html.ErrorToken; t = z.Next() {
		token := z.Token()
		free, isBlock := blocks[token.Data]
		switch {
		case t == html.TextToken:
			if skip == 0 {
				write(token.Data)
				said = append(said, token.Data...)
			}
		case t == html.StartTagToken && hidden[token.Data]:
			skip++
		case t == html.EndTagToken && hidden[token.Data]:
			skip = max(0, skip-1)
		case skip > 0:
		case t != html.EndTagToken && token.Data == "img":
			write(attribute(token, "alt"))
		case t == html.StartTagToken && token.Data == "a":
			href, said = attribute(token, "href"), said[:0]
		case t == html.EndTagToken && token.Data == "a":
			if href != "" && href != string(bytes.TrimSpace(said)) {
				write(" " + href)
			}
			href = ""
		case isBlock:
			line(free)
		}
	}
	return string(bytes.TrimSpace(b)) + "\n"
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
