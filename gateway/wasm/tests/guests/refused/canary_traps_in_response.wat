(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (unreachable))
