(func (export "proxy_on_delete") (param i32) (unreachable))
