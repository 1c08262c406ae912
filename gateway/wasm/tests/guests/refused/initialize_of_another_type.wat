(func (export "_initialize") (param i32))
