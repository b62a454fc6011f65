package app

import (
	"net/http"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/connector/whatsapp"
)

// channels are the vendors that may call us, one a line. Each has its line in [config.WebhookHorizons], too.
var channels = []connector.Channel{
	whatsapp.New(),
}

// addHooks completes the connector's configuration with the webhooks of the tenants.
func (a *App) addHooks(c *connector.Config, cfg *config.Config) {
	c.DeadLetters = a.names.DeadLetters.Name
	for i := range cfg.Tenants {
		for _, s := range cfg.Tenants[i].Sources {
			if s.Webhook == nil {
				continue
			}
			hook := connector.HookConfig{Channel: s.Connector, Name: s.Webhook.Name, VerifyToken: connector.Secret(s.Webhook.VerifyToken.Reveal()), Accounts: s.Accounts()}
			for _, secret := range s.Webhook.Secrets {
				hook.Secrets = append(hook.Secrets, connector.Secret(secret.Reveal()))
			}
			c.Tenants[i].Hooks = append(c.Tenants[i].Hooks, hook)
		}
	}
}

// hookRoutes is where vendors call.
func (a *App) hookRoutes(mux *http.ServeMux) { mux.Handle(connector.HooksPath, a.connector.Hooks()) }
