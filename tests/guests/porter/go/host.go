// The functions of the host that porter calls, and Go's side of their calling convention.

package main

import (
	"encoding/binary"
	"unsafe"
)

//go:wasmimport env proxy_log
func proxyLog(level int32, data unsafe.Pointer, size int32) int32

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBuffer(buffer, start, size int32, data, length unsafe.Pointer) int32

//go:wasmimport env proxy_set_buffer_bytes
func proxySetBuffer(buffer, start, size int32, data unsafe.Pointer, length int32) int32

//go:wasmimport env proxy_get_header_map_pairs
func proxyGetPairs(kind int32, data, size unsafe.Pointer) int32

//go:wasmimport env proxy_get_header_map_value
func proxyGetValue(kind int32, key unsafe.Pointer, keySize int32, data, size unsafe.Pointer) int32

//go:wasmimport env proxy_add_header_map_value
func proxyAddValue(kind int32, key unsafe.Pointer, keySize int32, data unsafe.Pointer, size int32) int32

//go:wasmimport env proxy_remove_header_map_value
func proxyRemoveValue(kind int32, key unsafe.Pointer, keySize int32) int32

//go:wasmimport env proxy_continue_stream
func proxyContinueStream(stream int32) int32

//go:wasmimport env proxy_send_local_response
func proxySendLocalResponse(status int32, details unsafe.Pointer, detailsSize int32, body unsafe.Pointer,
	bodySize int32, pairs unsafe.Pointer, pairsSize int32, grpcStatus int32) int32

//go:wasmimport env proxy_http_call
func proxyHTTPCall(upstream unsafe.Pointer, upstreamSize int32, headers unsafe.Pointer, headersSize int32,
	body unsafe.Pointer, bodySize int32, trailers unsafe.Pointer, trailersSize int32, timeout int32,
	call unsafe.Pointer) int32

//go:wasmimport env proxy_set_effective_context
func proxySetEffectiveContext(context int32) int32

//go:wasmimport env proxy_get_shared_data
func proxyGetSharedData(key unsafe.Pointer, keySize int32, data, size, cas unsafe.Pointer) int32

//go:wasmimport env proxy_set_shared_data
func proxySetSharedData(key unsafe.Pointer, keySize int32, data unsafe.Pointer, size, cas int32) int32

//go:wasmimport env proxy_define_metric
func proxyDefineMetric(kind int32, name unsafe.Pointer, size int32, metric unsafe.Pointer) int32

//go:wasmimport env proxy_increment_metric
func proxyIncrementMetric(metric int32, delta int64) int32

//go:wasmimport env proxy_get_property
func proxyGetProperty(path unsafe.Pointer, pathSize int32, data, size unsafe.Pointer) int32

// What the host allocates lives until Go collects it: kept here as long as a callback runs.
var allocated [][]byte

//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) unsafe.Pointer {
	block := make([]byte, size+1)
	allocated = append(allocated, block)
	return unsafe.Pointer(&block[0])
}

func pointer(data []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(data)) }
func size(data []byte) int32             { return int32(len(data)) }

func say(text string) {
	data := []byte(text)
	proxyLog(2, pointer(data), size(data))
}

// given is what the host wrote into memory that it asked for.
func given(data unsafe.Pointer, size uint32) []byte {
	if data == nil || size == 0 {
		return nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(data), size)...)
}

func pairs(kind int32) [][2]string {
	var data unsafe.Pointer
	var length uint32
	proxyGetPairs(kind, unsafe.Pointer(&data), unsafe.Pointer(&length))
	bytes := given(data, length)
	if len(bytes) < 4 {
		return nil
	}
	found := make([][2]string, binary.LittleEndian.Uint32(bytes))
	sizes, at := bytes[4:], 4+8*len(found)
	for i := range found {
		for j := range 2 {
			size := int(binary.LittleEndian.Uint32(sizes[8*i+4*j:]))
			found[i][j] = string(bytes[at : at+size])
			at += size + 1
		}
	}
	return found
}

func encode(pairs ...[2]string) []byte {
	data := binary.LittleEndian.AppendUint32(nil, uint32(len(pairs)))
	for _, pair := range pairs {
		data = binary.LittleEndian.AppendUint32(data, uint32(len(pair[0])))
		data = binary.LittleEndian.AppendUint32(data, uint32(len(pair[1])))
	}
	for _, pair := range pairs {
		data = append(append(append(append(data, pair[0]...), 0), pair[1]...), 0)
	}
	return data
}

func header(kind int32, name string) string {
	var data unsafe.Pointer
	var length uint32
	key := []byte(name)
	proxyGetValue(kind, pointer(key), size(key), unsafe.Pointer(&data), unsafe.Pointer(&length))
	return string(given(data, length))
}

func addHeader(kind int32, name, value string) {
	key, data := []byte(name), []byte(value)
	proxyAddValue(kind, pointer(key), size(key), pointer(data), size(data))
}

func removeHeader(kind int32, name string) {
	key := []byte(name)
	proxyRemoveValue(kind, pointer(key), size(key))
}

func buffer(kind int32, length uint32) []byte {
	var data unsafe.Pointer
	var got uint32
	proxyGetBuffer(kind, 0, int32(length), unsafe.Pointer(&data), unsafe.Pointer(&got))
	return given(data, got)
}

func setBuffer(kind int32, start, length uint32, data []byte) {
	proxySetBuffer(kind, int32(start), int32(length), pointer(data), size(data))
}

func answer(status int32, porter, body string) {
	headers, text := encode([2]string{"x-porter", porter}), []byte(body)
	proxySendLocalResponse(status, nil, 0, pointer(text), size(text), pointer(headers), size(headers), -1)
}
