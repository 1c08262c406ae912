// A filter for proxy-wasm hosts: greets on every answer and, where it has a key, lets only
// requests through that carry it.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// A filter is a library: the host calls it, main never runs.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

// plugin lives as long as the filter is configured: one for each configuration.
type plugin struct {
	types.DefaultPluginContext
	settings settings
}

// OnPluginStart reads the plugin's configuration. A failure refuses it: the host then says what
// was logged, and goes on with what ran before.
func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	text, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogErrorf("no configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	settings, err := parse(string(text))
	if err != nil {
		proxywasm.LogError(err.Error())
		return types.OnPluginStartStatusFailed
	}
	p.settings = settings
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &request{settings: &p.settings}
}

// request lives as long as one request.
type request struct {
	types.DefaultHttpContext
	settings *settings
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	if r.settings.key == "" {
		return types.ActionContinue
	}
	// An error means that there is no such header.
	key, err := proxywasm.GetHttpRequestHeader("x-api-key")
	if err == nil && key == r.settings.key {
		// The service behind has no use for it.
		if err := proxywasm.RemoveHttpRequestHeader("x-api-key"); err != nil {
			proxywasm.LogErrorf("the key cannot be removed: %v", err)
		}
		return types.ActionContinue
	}
	proxywasm.LogInfo("refused: no key, or not the right one")
	headers := [][2]string{{"content-type", "text/plain"}}
	body := []byte("401 a key is needed in x-api-key\n")
	// -1: this is no answer to a gRPC call.
	if err := proxywasm.SendHttpResponse(401, headers, body, -1); err != nil {
		proxywasm.LogErrorf("no response can be sent: %v", err)
	}
	// After a response of one's own, nothing goes on.
	return types.ActionPause
}

func (r *request) OnHttpResponseHeaders(int, bool) types.Action {
	if err := proxywasm.ReplaceHttpResponseHeader("x-hello", r.settings.greeting); err != nil {
		proxywasm.LogErrorf("the greeting cannot be set: %v", err)
	}
	return types.ActionContinue
}
