//! `expr_create`, `expr_evaluate`, `expr_delete`: expressions of the Common Expression Language
//! (<https://cel.dev>) over properties. A guest's clock stands still while one is evaluated, so what
//! it may cost is bounded before it is accepted ([`bounds`]).

mod bounds;
mod values;

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use cel::{Context, Env, ExecutionError, Program, common::ast::Expr, extractors::This};
use regex::RegexBuilder;

use crate::{
    abi::Status,
    host::Host,
    proxy_wasm::properties::{Value, find},
};

/// The expressions of an instance, by root context and number.
#[derive(Default)]
pub(crate) struct Expressions {
    programs: HashMap<(i32, u32), Program>,
    /// The number that each root gives next; from 0 up.
    next: HashMap<i32, u32>,
    /// Made with the first expression: it takes a few hundred functions.
    environment: Option<Arc<Env>>,
}

/// Expressions of one instance.
const EXPRESSIONS: usize = 256;

/// What one compiled pattern of `matches` may take; enough for a few Unicode classes.
const PATTERN: usize = 256 << 10;

/// Bytes of a result.
const RESULT: usize = 1 << 20;

/// Answers with the number of the new expression.
pub(super) fn create(host: &mut Host, source: &[u8]) -> Result<Vec<u8>, Status> {
    let source = std::str::from_utf8(source).map_err(|_| Status::BadArgument)?;
    let root = host.root();
    let expressions = &mut host.expressions;
    if expressions.programs.len() >= EXPRESSIONS {
        return Err(Status::InternalFailure);
    }
    let environment =
        expressions.environment.get_or_insert_with(|| Arc::new(Env::stdlib())).clone();
    let program = compile(&environment, source).ok_or(Status::BadArgument)?;
    let next = expressions.next.entry(root).or_default();
    while expressions.programs.contains_key(&(root, *next)) {
        *next = next.wrapping_add(1);
    }
    let number = *next;
    *next = next.wrapping_add(1);
    expressions.programs.insert((root, number), program);
    Ok(number.to_le_bytes().into())
}

/// Answers with the value in the form that properties have.
pub(super) fn evaluate(host: &Host, number: &[u8]) -> Result<Vec<u8>, Status> {
    let key = (host.root(), parse(number)?);
    let expressions = &host.expressions;
    let program = expressions.programs.get(&key).ok_or(Status::NotFound)?;
    let environment = expressions.environment.clone().ok_or(Status::NotFound)?;
    if let Expr::Ident(name) = &program.expression().expr
        && find(host, name.as_bytes()) == Some(Value::Opaque)
    {
        return Err(Status::SerializationFailure);
    }
    let mut context = Context::with_env(environment);
    context.add_function("matches", matches).map_err(|_| Status::InternalFailure)?;
    for name in program.references().variables() {
        if let Some(value) = values::variable(host, name.as_bytes()) {
            context.add_variable_from_value(name, value);
        }
    }
    let value = quietly(|| program.execute(&context)).and_then(Result::ok);
    let result = values::serialize(&value.ok_or(Status::InternalFailure)?)?;
    if result.len() > RESULT { Err(Status::InternalFailure) } else { Ok(result) }
}

/// Forgets an expression; one that is not there too.
pub(super) fn delete(host: &mut Host, number: &[u8]) -> Result<Vec<u8>, Status> {
    let key = (host.root(), parse(number)?);
    host.expressions.programs.remove(&key);
    Ok(Vec::new())
}

fn parse(number: &[u8]) -> Result<u32, Status> {
    number.try_into().map(u32::from_le_bytes).map_err(|_| Status::BadArgument)
}

fn compile(environment: &Env, source: &str) -> Option<Program> {
    if !bounds::readable(source) {
        return None;
    }
    let program = quietly(|| environment.compile(source))?.ok()?;
    bounds::affordable(program.expression()).then_some(program)
}

/// The crate behind it parses with a generated parser that indexes and unwraps. No input is known
/// that makes it panic; if there is one, it costs the guest a failure and not the worker its life.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// The standard function, with a bound on what its pattern becomes.
fn matches(This(text): This<Arc<String>>, pattern: Arc<String>) -> Result<bool, ExecutionError> {
    let compiled = RegexBuilder::new(&pattern)
        .size_limit(PATTERN)
        .dfa_size_limit(PATTERN)
        .build()
        .map_err(|error| ExecutionError::function_error("matches", error))?;
    Ok(compiled.is_match(&text))
}

#[cfg(test)]
mod tests;
