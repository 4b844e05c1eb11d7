package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/web"
)

// showMap serves the map of files to this machine until it is interrupted. It
// says where on stderr, so that the answer can be piped.
func showMap(a *app, f api.Files, basemap string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serveFiles(ctx, a.stderr, f, basemap)
}

// serveFiles draws them over a base map, if there is one.
func serveFiles(ctx context.Context, says io.Writer, f api.Files, basemap string) error {
	area, err := web.OpenBasemap(basemap)
	if err != nil {
		return &inputError{fmt.Errorf("--basemap: %w", err)}
	}
	files, err := api.FilesHandler(f)
	if err != nil {
		return &inputError{err}
	}
	page, err := web.Handler(files)
	if err != nil {
		return err
	}
	handler := http.NewServeMux()
	handler.Handle("/", page)
	handler.Handle(web.BasemapPath, area)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{
		Handler: ownName(listener.Addr().String(), handler), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	if !web.Built() {
		fmt.Fprintln(says, "This program was built without the map: 'make map build' makes one that has it.")
	}
	fmt.Fprintf(says, "map on http://%s/ until Ctrl-C\n", listener.Addr())
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// ownName answers only who asks for this machine by its address: a page of
// another site, whose name was made to lead here, must not read the files.
func ownName(address string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != address {
			http.Error(w, "expected the address "+address, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
