(func (export "proxy_on_context_create") (param i32 i32) (loop $ever (br $ever)))
