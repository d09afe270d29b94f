//! The options under "Content": one argument for each row of the table of options.

use crate::{
    plan::Options,
    run_file::{Argument, ContentOption, OPTIONS},
};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

/// The options that the bytes depend on, as typed.
pub(super) struct Content {
    pub(crate) options: Options,
}

impl Args for Content {
    fn augment_args(command: Command) -> Command {
        let declared = OPTIONS.iter().filter_map(|option| Some(declared(option, option.argument.as_ref()?)));
        declared.fold(command, Command::arg)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Content {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Options::default();
        for option in OPTIONS.iter().filter(|option| option.argument.is_some()) {
            if is_flag(option) {
                if matches.get_flag(option.name) {
                    parsed(option, "", &mut options)?;
                }
                continue;
            }
            for value in matches.get_many::<String>(option.name).into_iter().flatten() {
                parsed(option, value, &mut options)?;
            }
        }
        Ok(Content { options })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn is_flag(option: &ContentOption) -> bool {
    option.argument.as_ref().is_some_and(|argument| argument.value_name.is_none())
}

fn parsed(option: &ContentOption, value: &str, options: &mut Options) -> Result<(), clap::Error> {
    option
        .kind
        .parse(value, options)
        .map_err(|message| clap::Error::raw(clap::error::ErrorKind::ValueValidation, message))
}

/// The argument of an option.
fn declared(option: &'static ContentOption, argument: &Argument) -> Arg {
    let mut arg = Arg::new(option.name).long(option.name).help(argument.help).help_heading("Content");
    if let Some(short) = argument.short {
        arg = arg.short(short);
    }
    arg = arg.conflicts_with_all(argument.excludes);
    let Some(value_name) = argument.value_name else { return arg.action(ArgAction::SetTrue) };
    // Parsed here for the message, which names the option, and again into the options.
    let checked = move |text: &str| option.kind.parse(text, &mut Options::default()).map(|()| text.to_owned());
    arg.value_name(value_name)
        .value_parser(checked)
        .action(if option.kind.is_list() { ArgAction::Append } else { ArgAction::Set })
        .allow_hyphen_values(option.kind.allows_hyphens())
        .allow_negative_numbers(option.kind.allows_negative_numbers())
}
