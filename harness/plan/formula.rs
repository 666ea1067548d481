//! The grammar of expressions and their values.
//!
//! ```text
//! or         = and ("or" and)*
//! and        = not ("and" not)*
//! not        = "not" not | comparison
//! comparison = sum (("==" | "!=" | "<" | "<=" | ">" | ">=" | "has") sum)?
//! sum        = product (("+" | "-") product)*
//! product    = factor ("*" factor)*
//! factor     = "-" factor | number | "true" | "false" | $name | word | quoted | "(" or ")" | "count(" or ")" | "load(" word ")"
//! ```
//!
//! A hyphen belongs to a name when a letter follows: `$long-name` is one parameter, `$times-1` a subtraction. A bare word is
//! text: `$disposition == ignore`.

use super::expr::Scope;
use super::value::Value;
use std::fmt;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// A literal.
    Literal(Value),
    /// `$name`, without the dollar sign.
    Param(String),
    /// `not x`
    Not(Box<Formula>),
    /// `-x`
    Negative(Box<Formula>),
    /// Two operands.
    Binary(Operator, Box<Formula>, Box<Formula>),
    /// `count(x)`: members of a list, bytes of a text.
    Count(Box<Formula>),
    /// `load(counter)`: known only after the run.
    Load(String),
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Has,
    And,
    Or,
}

/// What is wrong with the text of an expression, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// In words.
    pub message: String,
    /// Byte of the text.
    pub at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Longest expression in bytes; together with [`DEEPEST`] it bounds what hostile text can cost.
const LONGEST: usize = 4096;
/// How deep expressions may nest.
const DEEPEST: usize = 40;

/// Parses an expression.
pub fn parse(text: &str) -> Result<Formula, Malformed> {
    if text.len() > LONGEST {
        return Err(Malformed { message: format!("the expression is longer than {LONGEST} bytes"), at: 0 });
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, end: text.len() };
    let formula = parser.or()?;
    match parser.tokens.get(parser.next) {
        None => Ok(formula),
        Some((at, token)) => {
            Err(Malformed { message: format!("`{}` is not expected after a whole expression", token.spelling()), at: *at })
        }
    }
}

/// The length in bytes of the name at the start of `text`, 0 when there is none.
pub fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_') {
        return 0;
    }
    let goes_on = |at: usize| match bytes[at] {
        b'-' => bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic),
        b => b.is_ascii_alphanumeric() || b == b'_',
    };
    (1..bytes.len()).find(|at| !goes_on(*at)).unwrap_or(bytes.len())
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Int(i64),
    Param(String),
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

impl Token {
    fn spelling(&self) -> String {
        match self {
            Token::Int(n) => n.to_string(),
            Token::Param(name) => format!("${name}"),
            Token::Word(word) => word.clone(),
            Token::Quoted(text) => format!("\"{text}\""),
            Token::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// Longer signs first.
const SIGNS: [&str; 11] = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "(", ")"];

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Malformed> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = token(&text[at..], c).map_err(|message| Malformed { message, at })?;
        found.push((at, token));
        at += length;
    }
    Ok(found)
}

fn token(rest: &str, first: char) -> Result<(Token, usize), String> {
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    match first {
        '0'..='9' => number(rest),
        '$' => match name_length(&rest[1..]) {
            0 => Err("a parameter's name must follow `$`".to_owned()),
            length => Ok((Token::Param(rest[1..=length].to_owned()), length + 1)),
        },
        '"' | '\'' => match rest[1..].find(first) {
            Some(length) => Ok((Token::Quoted(rest[1..=length].to_owned()), length + 2)),
            None => Err("the quoted text does not end".to_owned()),
        },
        '/' => Err("there is no division; the language has `+`, `-` and `*`".to_owned()),
        '=' => Err("a comparison is written `==`".to_owned()),
        _ => match name_length(rest) {
            0 => Err(format!("`{first}` is not part of an expression")),
            length => Ok((Token::Word(rest[..length].to_owned()), length)),
        },
    }
}

fn number(rest: &str) -> Result<(Token, usize), String> {
    let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let digits = &rest[..length];
    match digits.parse() {
        Ok(n) => Ok((Token::Int(n), length)),
        Err(_) if digits.bytes().all(|b| b.is_ascii_digit()) => Err(format!("{digits} is larger than {}", i64::MAX)),
        Err(_) => Err(format!("`{digits}` is neither a number nor a word; put quotes around text")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
    end: usize,
}

type Parsed = Result<Formula, Malformed>;

fn binary(operator: Operator, left: Formula, right: Formula) -> Formula {
    Formula::Binary(operator, Box::new(left), Box::new(right))
}

impl Parser {
    fn sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.tokens.get(self.next), Some((_, Token::Sign(s))) if *s == sign);
        self.next += usize::from(there);
        there
    }

    fn word(&mut self, word: &str) -> bool {
        let there = matches!(self.tokens.get(self.next), Some((_, Token::Word(w))) if w == word);
        self.next += usize::from(there);
        there
    }

    fn fail(&self, message: impl Into<String>) -> Malformed {
        Malformed { message: message.into(), at: self.tokens.get(self.next).map_or(self.end, |(at, _)| *at) }
    }

    fn deeper(&mut self, inner: fn(&mut Parser) -> Parsed) -> Parsed {
        if self.depth == DEEPEST {
            return Err(self.fail(format!("the expression nests more than {DEEPEST} deep")));
        }
        self.depth += 1;
        let formula = inner(self);
        self.depth -= 1;
        formula
    }

    fn or(&mut self) -> Parsed {
        self.chain(Parser::and, |p| p.word("or").then_some(Operator::Or))
    }

    fn and(&mut self) -> Parsed {
        self.chain(Parser::not, |p| p.word("and").then_some(Operator::And))
    }

    /// Operands of one level joined from the left. Their number is bounded, because the tree they make is walked by recursion.
    fn chain(&mut self, operand: fn(&mut Parser) -> Parsed, operator: fn(&mut Parser) -> Option<Operator>) -> Parsed {
        let mut left = operand(self)?;
        let mut count = 1;
        while let Some(found) = operator(self) {
            count += 1;
            if count > DEEPEST {
                return Err(self.fail(format!("the expression joins more than {DEEPEST} operands")));
            }
            left = binary(found, left, operand(self)?);
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        if self.word("not") { Ok(Formula::Not(Box::new(self.deeper(Parser::not)?))) } else { self.comparison() }
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let signs = [
            ("==", Operator::Equal),
            ("!=", Operator::Unequal),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        let operator = signs.iter().find(|(sign, _)| self.sign(sign)).map(|(_, operator)| *operator);
        match operator.or_else(|| self.word("has").then_some(Operator::Has)) {
            Some(operator) => Ok(binary(operator, left, self.sum()?)),
            None => Ok(left),
        }
    }

    fn sum(&mut self) -> Parsed {
        self.chain(Parser::product, |p| match () {
            () if p.sign("+") => Some(Operator::Add),
            () if p.sign("-") => Some(Operator::Subtract),
            () => None,
        })
    }

    fn product(&mut self) -> Parsed {
        self.chain(Parser::factor, |p| p.sign("*").then_some(Operator::Multiply))
    }

    fn factor(&mut self) -> Parsed {
        if self.sign("-") {
            return Ok(match self.deeper(Parser::factor)? {
                Formula::Literal(Value::Int(n)) => Formula::Literal(Value::Int(-n)),
                other => Formula::Negative(Box::new(other)),
            });
        }
        if self.sign("(") {
            return self.closed();
        }
        let token = self.tokens.get(self.next).map(|(_, token)| token.clone());
        let token = token.ok_or_else(|| self.fail("the expression ends too early"))?;
        if let Token::Sign(sign) = token {
            return Err(self.fail(format!("a value is expected before `{sign}`")));
        }
        self.next += 1;
        match token {
            Token::Int(n) => Ok(Formula::Literal(Value::Int(n))),
            Token::Param(name) => Ok(Formula::Param(name)),
            Token::Quoted(text) => Ok(Formula::Literal(Value::Text(text))),
            Token::Word(word) => self.after_word(word),
            Token::Sign(_) => Err(self.fail("a value is expected here")),
        }
    }

    fn closed(&mut self) -> Parsed {
        let inner = self.deeper(Parser::or)?;
        if self.sign(")") { Ok(inner) } else { Err(self.fail("`)` is missing")) }
    }

    fn after_word(&mut self, word: String) -> Parsed {
        match word.as_str() {
            "true" => Ok(Formula::Literal(Value::Bool(true))),
            "false" => Ok(Formula::Literal(Value::Bool(false))),
            "count" if self.sign("(") => Ok(Formula::Count(Box::new(self.closed()?))),
            "load" if self.sign("(") => match self.closed()? {
                Formula::Literal(Value::Text(name)) => Ok(Formula::Load(name)),
                _ => Err(self.fail("`load(...)` takes the name of a counter")),
            },
            "and" | "or" | "has" | "not" => Err(self.fail(format!("`{word}` needs a value before it; put quotes around text"))),
            _ if self.sign("(") => Err(self.fail(format!("there is no function `{word}`; there are `count(...)` and `load(...)`"))),
            _ => Ok(Formula::Literal(Value::Text(word))),
        }
    }
}

impl Formula {
    /// Calls `each` with the name of every parameter.
    pub fn params(&self, each: &mut dyn FnMut(&str)) {
        match self {
            Formula::Param(name) => each(name),
            Formula::Literal(_) | Formula::Load(_) => {}
            Formula::Not(inner) | Formula::Negative(inner) | Formula::Count(inner) => inner.params(each),
            Formula::Binary(_, left, right) => {
                left.params(each);
                right.params(each);
            }
        }
    }

    /// The value.
    ///
    /// # Errors
    /// An unknown parameter, a value of the wrong kind, an overflow of 64 bits, or `load`, which only properties know.
    pub fn eval(&self, scope: &dyn Scope) -> Result<Value, String> {
        match self {
            Formula::Literal(value) => Ok(value.clone()),
            Formula::Param(name) => scope.get(name).ok_or_else(|| format!("there is no parameter `${name}`")),
            Formula::Not(inner) => Ok(Value::Bool(!truth(&inner.eval(scope)?)?)),
            Formula::Negative(inner) => int(&inner.eval(scope)?)?.checked_neg().map(Value::Int).ok_or_else(|| overflow(self)),
            Formula::Count(inner) => count(&inner.eval(scope)?),
            Formula::Load(name) => Err(format!("`load({name})` is known only after the run; use it in `check:`")),
            Formula::Binary(operator, left, right) => self.binary(*operator, left, right, scope),
        }
    }

    fn binary(&self, operator: Operator, left: &Formula, right: &Formula, scope: &dyn Scope) -> Result<Value, String> {
        let left = left.eval(scope)?;
        // The right side of a decided `and` or `or` is not looked at: it may hold only where the left side does.
        match (operator, &left) {
            (Operator::And, Value::Bool(false)) => return Ok(Value::Bool(false)),
            (Operator::Or, Value::Bool(true)) => return Ok(Value::Bool(true)),
            _ => {}
        }
        let right = right.eval(scope)?;
        let number = |result: Option<i64>| result.map(Value::Int).ok_or_else(|| overflow(self));
        match operator {
            Operator::Add => number(int(&left)?.checked_add(int(&right)?)),
            Operator::Subtract => number(int(&left)?.checked_sub(int(&right)?)),
            Operator::Multiply => number(int(&left)?.checked_mul(int(&right)?)),
            Operator::Equal => Ok(Value::Bool(same(&left, &right)?)),
            Operator::Unequal => Ok(Value::Bool(!same(&left, &right)?)),
            Operator::Less => Ok(Value::Bool(int(&left)? < int(&right)?)),
            Operator::LessOrEqual => Ok(Value::Bool(int(&left)? <= int(&right)?)),
            Operator::Greater => Ok(Value::Bool(int(&left)? > int(&right)?)),
            Operator::GreaterOrEqual => Ok(Value::Bool(int(&left)? >= int(&right)?)),
            Operator::Has => has(&left, &right),
            Operator::And | Operator::Or => {
                truth(&left)?;
                Ok(Value::Bool(truth(&right)?))
            }
        }
    }
}

fn overflow(formula: &Formula) -> String {
    format!("`{formula}` does not fit into 64 bits")
}

fn int(value: &Value) -> Result<i64, String> {
    value.int().ok_or_else(|| format!("expected an integer, found the {} `{value}`", value.kind()))
}

fn truth(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(b) => Ok(*b),
        other => Err(format!("expected true or false, found the {} `{other}`", other.kind())),
    }
}

fn count(value: &Value) -> Result<Value, String> {
    let length = value.list().map(<[Value]>::len).or_else(|| value.bytes().map(|bytes| bytes.len()));
    length.map(|n| Value::Int(n as i64)).ok_or_else(|| format!("`count` takes a list or text, not the {} `{value}`", value.kind()))
}

fn same(left: &Value, right: &Value) -> Result<bool, String> {
    match (left.bytes(), right.bytes()) {
        (Some(left), Some(right)) => return Ok(left == right),
        _ if std::mem::discriminant(left) == std::mem::discriminant(right) => return Ok(left == right),
        _ => {}
    }
    Err(format!("the {} `{left}` cannot equal the {} `{right}`", left.kind(), right.kind()))
}

fn has(list: &Value, member: &Value) -> Result<Value, String> {
    let list = list.list().ok_or_else(|| format!("`has` looks into a list, not into the {} `{list}`", list.kind()))?;
    Ok(Value::Bool(list.iter().any(|other| same(other, member).unwrap_or(false))))
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Has => "has",
            Operator::And => "and",
            Operator::Or => "or",
        })
    }
}

/// With every parenthesis, so that the printed form has one reading; text in quotes.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Formula::Literal(Value::Text(text)) if text.contains('"') => write!(f, "'{text}'"),
            Formula::Literal(Value::Text(text)) => write!(f, "\"{text}\""),
            Formula::Literal(value) => write!(f, "{value}"),
            Formula::Param(name) => write!(f, "${name}"),
            Formula::Not(inner) => write!(f, "(not {inner})"),
            Formula::Negative(inner) => write!(f, "-{inner}"),
            Formula::Count(inner) => write!(f, "count({inner})"),
            Formula::Load(name) => write!(f, "load({name})"),
            Formula::Binary(operator, left, right) => write!(f, "({left} {operator} {right})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn value(text: &str) -> Result<Value, String> {
        let list = Value::List(vec![Value::Text("a".into()), Value::Int(2)]);
        let scope = BTreeMap::from([("n".to_owned(), Value::Int(4)), ("long-name".to_owned(), Value::Int(9)), ("list".to_owned(), list)]);
        parse(text).map_err(|wrong| wrong.message)?.eval(&scope)
    }

    #[test]
    fn operators_bind_as_in_arithmetic() {
        assert_eq!(value("1 + 2 * 3 - -4"), Ok(Value::Int(11)));
        assert_eq!(value("not 1 > 2 and $n-1 == 3 or false"), Ok(Value::Bool(true)));
        assert_eq!(value("$long-name * count($list)"), Ok(Value::Int(18)));
        assert_eq!(value("$list has a and not $list has b"), Ok(Value::Bool(true)));
        assert_eq!(value("count('ab c')"), Ok(Value::Int(4)));
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_no_wrap() {
        assert!(value(&format!("{} + 1", i64::MAX)).unwrap_err().contains("64 bits"));
        assert!(value("$n == a").unwrap_err().contains("cannot equal"));
        assert!(value("load(counter)").unwrap_err().contains("after the run"));
        assert!(value("$m").unwrap_err().contains("no parameter"));
    }

    fn formula() -> impl Strategy<Value = Formula> {
        let leaf = prop_oneof![
            (0..i64::MAX).prop_map(|n| Formula::Literal(Value::Int(n))),
            any::<bool>().prop_map(|b| Formula::Literal(Value::Bool(b))),
            "[^\"]{0,8}".prop_map(|text| Formula::Literal(Value::Text(text))),
            "[a-z][a-z0-9_]{0,5}(-[a-z]{1,3})?".prop_map(Formula::Param),
        ];
        let operator = prop::sample::select(vec![
            Operator::Add,
            Operator::Multiply,
            Operator::Equal,
            Operator::LessOrEqual,
            Operator::Has,
            Operator::And,
            Operator::Or,
        ]);
        leaf.prop_recursive(4, 24, 2, move |inner| {
            prop_oneof![
                (operator.clone(), inner.clone(), inner.clone()).prop_map(|(op, left, right)| binary(op, left, right)),
                inner.clone().prop_map(|inner| Formula::Not(Box::new(inner))),
                inner.prop_map(|inner| Formula::Count(Box::new(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_as_the_same(formula in formula()) {
            prop_assert_eq!(parse(&formula.to_string()), Ok(formula));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,60}", signs in "[-+*()<>=!$a-z0-9 '\"]{0,60}") {
            for text in [text, signs] {
                let _ = value(&text);
                let _ = super::super::expr::pieces(&text);
            }
        }
    }
}
