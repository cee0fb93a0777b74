// Dex, the identity provider, for tests of signing in: its server as it is, with one client and one account that is always there
// (Kilgore Trout of the group "authors"), so that no password is typed. Everything is in memory, on loopback.
//
// Its own command is not built: that needs a module which proxies do not have.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	gosundheit "github.com/AppsFlyer/go-sundheit"
	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
	"github.com/prometheus/client_golang/prometheus"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: identity HOST:PORT CLIENT_SECRET REDIRECT_URI DIRECTORY (which says whose process it is)")
		os.Exit(64)
	}
	if err := serve(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(address, secret, redirect string) error {
	ctx := context.Background()
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	kept := memory.New(logger)
	client := storage.Client{ID: "desk", Name: "desk", Secret: secret, RedirectURIs: []string{redirect}}
	if err := kept.CreateClient(ctx, client); err != nil {
		return err
	}
	account := storage.Connector{ID: "mock", Type: "mockCallback", Name: "Mock", ResourceVersion: "1"}
	if err := kept.CreateConnector(ctx, account); err != nil {
		return err
	}
	signing, err := (&signer.LocalConfig{KeysRotationPeriod: "6h"}).Open(ctx, kept, time.Hour, time.Now, logger)
	if err != nil {
		return err
	}
	signing.Start(ctx)
	handler, err := server.NewServer(ctx, server.Config{
		Issuer:             "http://" + address + "/dex",
		Storage:            kept,
		SkipApprovalScreen: true,
		Web:                server.WebConfig{WebFS: web.FS()},
		Logger:             logger,
		Signer:             signing,
		PrometheusRegistry: prometheus.NewRegistry(),
		HealthChecker:      gosundheit.New(),
		RefreshTokenPolicy: tokens.NewRefreshStrategy(true, 0, 0, 0, time.Now),
		AllowedGrantTypes:  []string{"authorization_code"},
	})
	if err != nil {
		return err
	}
	return http.ListenAndServe(address, handler)
}
