// Porter in Go, without an SDK; the README says what it does.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unsafe"
)

const (
	requestMap, responseMap, callMap           = 0, 2, 6
	requestBody, responseBody, callBody        = 0, 1, 4
	pluginConfiguration                        = 7
	continueStream, pauseStream         uint32 = 0, 1
)

var (
	metric  int32
	bodies  = map[uint32]bool{}
	waiting = map[uint32]uint32{}
)

func main() {}

//go:wasmexport proxy_abi_version_0_2_1
func abi() {}

//go:wasmexport proxy_on_context_create
func onContextCreate(context, parent uint32) {}

//go:wasmexport proxy_on_vm_start
func onVMStart(context, size uint32) uint32 { return 1 }

//go:wasmexport proxy_on_configure
func onConfigure(context, size uint32) uint32 {
	say("configured with " + string(buffer(pluginConfiguration, size)))
	name := []byte("porter_requests")
	proxyDefineMetric(0, pointer(name), int32(len(name)), unsafe.Pointer(&metric))
	return 1
}

func sayPairs(what string, pairs [][2]string) {
	for _, pair := range pairs {
		say(fmt.Sprintf("%s %s: %s", what, pair[0], pair[1]))
	}
}

func count() {
	proxyIncrementMetric(metric, 1)
	var data unsafe.Pointer
	var length, cas uint32
	key := []byte("seen")
	proxyGetSharedData(pointer(key), size(key), unsafe.Pointer(&data), unsafe.Pointer(&length), unsafe.Pointer(&cas))
	seen := uint64(0)
	if bytes := given(data, length); len(bytes) == 8 {
		seen = binary.LittleEndian.Uint64(bytes)
	}
	say(fmt.Sprintf("seen %d before", seen))
	next := binary.LittleEndian.AppendUint64(nil, seen+1)
	proxySetSharedData(pointer(key), size(key), pointer(next), size(next), int32(cas))
}

func ask(context uint32) uint32 {
	headers := encode([2]string{":method", "GET"}, [2]string{":path", "/ask?" + header(requestMap, "x-ask")},
		[2]string{":authority", "ask.example"})
	upstream, trailers := []byte("backend"), encode()
	var call uint32
	status := proxyHTTPCall(pointer(upstream), size(upstream), pointer(headers), size(headers), nil, 0,
		pointer(trailers), size(trailers), 1000, unsafe.Pointer(&call))
	if status != 0 {
		say(fmt.Sprintf("cannot ask: %d", status))
		return continueStream
	}
	waiting[call] = context
	return pauseStream
}

//go:wasmexport proxy_on_http_call_response
func onHTTPCallResponse(root, call, headers, bodySize, trailers uint32) {
	context, found := waiting[call]
	if !found {
		return
	}
	delete(waiting, call)
	proxySetEffectiveContext(int32(context))
	status := header(callMap, ":status")
	say(fmt.Sprintf("answer %s %s", status, buffer(callBody, bodySize)))
	if status == "200" {
		addHeader(requestMap, "x-asked", status)
		proxyContinueStream(0)
	} else {
		answer(401, "refused", "refused\n")
	}
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(context, headers, end uint32) uint32 {
	allocated = nil
	say(fmt.Sprintf("request with %d headers, end %t", headers, end != 0))
	sayPairs("request", pairs(requestMap))
	count()
	switch header(requestMap, "x-porter") {
	case "deny":
		answer(403, "denied", "denied\n")
		return pauseStream
	case "ask":
		return ask(context)
	case "body":
		bodies[context] = true
		removeHeader(requestMap, "content-length")
	}
	return continueStream
}

//go:wasmexport proxy_on_request_body
func onRequestBody(context, length, end uint32) uint32 {
	allocated = nil
	say(fmt.Sprintf("request body %d, end %t", length, end != 0))
	if !bodies[context] {
		return continueStream
	}
	if end == 0 {
		return pauseStream
	}
	setBuffer(requestBody, 0, length, bytes.ToUpper(buffer(requestBody, length)))
	return continueStream
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(context, headers, end uint32) uint32 {
	allocated = nil
	say(fmt.Sprintf("response with %d headers, end %t", headers, end != 0))
	sayPairs("response", pairs(responseMap))
	addHeader(responseMap, "x-porter", "passed")
	if bodies[context] {
		removeHeader(responseMap, "content-length")
	}
	return continueStream
}

//go:wasmexport proxy_on_response_body
func onResponseBody(context, length, end uint32) uint32 {
	allocated = nil
	say(fmt.Sprintf("response body %d, end %t", length, end != 0))
	if !bodies[context] {
		return continueStream
	}
	if end == 0 {
		return pauseStream
	}
	setBuffer(responseBody, length, 0, []byte("and a line more\n"))
	return continueStream
}

//go:wasmexport proxy_on_done
func onDone(context uint32) uint32 { return 1 }

//go:wasmexport proxy_on_log
func onLog(context uint32) {
	path := []byte("response\x00code")
	var data unsafe.Pointer
	var length uint32
	proxyGetProperty(pointer(path), size(path), unsafe.Pointer(&data), unsafe.Pointer(&length))
	code := uint64(0)
	if bytes := given(data, length); len(bytes) == 8 {
		code = binary.LittleEndian.Uint64(bytes)
	}
	say(fmt.Sprintf("ended with %d", code))
	fmt.Println("goodbye")
}

//go:wasmexport proxy_on_delete
func onDelete(context uint32) {
	allocated = nil
	delete(bodies, context)
}
