#include "src/policy/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::policy {
namespace {

using browser::Code;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto every_permission = [] {
    auto set = PermissionSet::all_but_admin();
    set.add(Permission::admin);
    return set;
}();

TEST(Permissions, AreNamedAsInTokens) {
    EXPECT_THAT(names(every_permission),
                ElementsAre("clipboard-to-guest", "clipboard-from-guest", "files-to-guest", "resize", "mouse", "volume",
                            "display", "spice", "observe", "admin"));
    EXPECT_THAT(names({}), IsEmpty());
}

TEST(Channels, AreThoseOfThePolicyForWhoMaySee) {
    Policy policy;
    EXPECT_EQ(permitted_channels(policy, every_permission), ChannelSet::all());
    EXPECT_TRUE(permitted_channels(policy, {Permission::spice, Permission::files_to_guest}).empty());
    policy.spice_channels.remove(spice::ChannelType::record);
    EXPECT_FALSE(permitted_channels(policy, every_permission).has(spice::ChannelType::record));
    const auto without_files = permitted_channels(policy, {Permission::display});
    EXPECT_TRUE(without_files.has(spice::ChannelType::inputs));
    EXPECT_FALSE(without_files.has(spice::ChannelType::webdav));
    EXPECT_FALSE(without_files.has(spice::ChannelType::usbredir));
    EXPECT_FALSE(ChannelSet::all().has(spice::ChannelType{200}));
}

TEST(Channels, ThatKeysCouldComeByAreThereWhereAllKeysMay) {
    for (const auto rule : {InputsRule::off, InputsRule::lead}) {
        const auto left = permitted_channels(Policy{.inputs = rule}, every_permission);
        EXPECT_TRUE(left.has(spice::ChannelType::inputs)) << "releases, and the motions that are counted";
        EXPECT_FALSE(left.has(spice::ChannelType::usbredir)) << "a keyboard is a device";
        EXPECT_FALSE(left.has(spice::ChannelType::port)) << "so is a console";
    }
}

TEST(Permissions, AreFoundByTheirNames) {
    for (std::size_t i = 0; i < permission_count; ++i) {
        const auto permission = static_cast<Permission>(i);
        EXPECT_EQ(find_permission(name(permission)), permission);
    }
    EXPECT_EQ(find_permission("Admin"), std::nullopt);
    EXPECT_EQ(find_permission(""), std::nullopt);
}

TEST(EffectivePermissions, AreTheGrantedOnesUnderTheDefaultPolicy) {
    EXPECT_EQ(effective(every_permission, Policy{}), every_permission);
    EXPECT_EQ(effective({Permission::mouse}, Policy{}), PermissionSet{Permission::mouse});
}

TEST(EffectivePermissions, LoseWhatPolicySwitchesOff) {
    const auto lost = [](const Policy& policy) {
        auto rest = every_permission;
        const auto left = effective(every_permission, policy);
        for (std::size_t i = 0; i < permission_count; ++i)
            if (left.has(static_cast<Permission>(i))) rest.remove(static_cast<Permission>(i));
        return rest;
    };
    EXPECT_EQ(lost({.to_guest = {.formats = {}}}), PermissionSet{Permission::clipboard_to_guest});
    EXPECT_EQ(lost({.from_guest = {.formats = {}}}), PermissionSet{Permission::clipboard_from_guest});
    EXPECT_EQ(lost({.files_to_guest = false}), PermissionSet{Permission::files_to_guest});
    EXPECT_EQ(lost({.resize = ResizeRule::off}), PermissionSet{Permission::resize});
    EXPECT_EQ(lost({.resize = ResizeRule::any}), PermissionSet{});
}

TEST(EffectivePermissions, AreNeverMoreThanGranted) {
    EXPECT_EQ(effective({}, Policy{.resize = ResizeRule::any}), PermissionSet{});
}

struct Question {
    Way way = Way::to_guest;
    Selection selection = Selection::clipboard;
    ClipboardFormat format = ClipboardFormat::text;
};
std::optional<Code> refused(const Policy& policy, Question q) {
    return refuse_clipboard(policy, q.way, q.selection, q.format);
}

TEST(RefuseClipboard, TextAndImagesPassByDefault) {
    for (const auto way : {Way::to_guest, Way::from_guest})
        for (const auto format : text_and_images) EXPECT_EQ(refused({}, {.way = way, .format = format}), std::nullopt);
    EXPECT_EQ(refused({}, {.format = ClipboardFormat::file_list}), Code::policy_format);
    EXPECT_EQ(refused({}, {.format = ClipboardFormat::none}), Code::policy_format);
}

TEST(RefuseClipboard, OtherSelectionsAreDisabledUnlessSwitchedOn) {
    for (const auto selection : {Selection::primary, Selection::secondary}) {
        EXPECT_EQ(refused({}, {.selection = selection}), Code::disabled);
        EXPECT_EQ(refused({.primary_selection = true}, {.selection = selection}), std::nullopt);
    }
}

TEST(RefuseClipboard, EachWayHasItsOwnRule) {
    const Policy inward{.from_guest = {.formats = {}}};
    EXPECT_EQ(refused(inward, {.way = Way::to_guest}), std::nullopt);
    EXPECT_EQ(refused(inward, {.way = Way::from_guest}), Code::policy_direction);

    const Policy text_outward{.from_guest = {.formats = {ClipboardFormat::text}}};
    EXPECT_EQ(refused(text_outward, {.way = Way::to_guest, .format = ClipboardFormat::png}), std::nullopt);
    EXPECT_EQ(refused(text_outward, {.way = Way::from_guest, .format = ClipboardFormat::png}), Code::policy_format);
}

TEST(RefuseClipboard, TheReasonIsTheWidestRuleThatForbids) {
    const Policy nothing{.to_guest = {.formats = {}}};
    EXPECT_EQ(refused(nothing, {.selection = Selection::primary}), Code::disabled);
    EXPECT_EQ(refused(nothing, {.format = ClipboardFormat::file_list}), Code::policy_direction);
}

TEST(PermittedFormats, AreThoseOfTheOfferInItsOrder) {
    const Policy policy{.to_guest = {.formats = {ClipboardFormat::text, ClipboardFormat::png}}};
    const FormatList offer{ClipboardFormat::tiff, ClipboardFormat::png, ClipboardFormat::text};
    EXPECT_EQ(permitted_formats(policy, Way::to_guest, Selection::clipboard, offer),
              (FormatList{ClipboardFormat::png, ClipboardFormat::text}));
}

TEST(PermittedFormats, AreNoneWhereNothingMayPass) {
    const FormatList offer{ClipboardFormat::text};
    EXPECT_TRUE(permitted_formats({}, Way::to_guest, Selection::primary, offer).empty());
    EXPECT_TRUE(permitted_formats({.to_guest = {.formats = {}}}, Way::to_guest, Selection::clipboard, offer).empty());
}

TEST(PermittedFormats, AreExactlyThoseThatAreNotRefused) {
    const FormatList offer{ClipboardFormat::text, ClipboardFormat::png, ClipboardFormat::file_list};
    const Policy policy{.from_guest = {.formats = {ClipboardFormat::png}}, .primary_selection = true};
    for (const auto way : {Way::to_guest, Way::from_guest}) {
        for (const auto selection : {Selection::clipboard, Selection::primary}) {
            const auto permitted = permitted_formats(policy, way, selection, offer);
            for (const auto format : offer)
                EXPECT_EQ(permitted.has(format), !refuse_clipboard(policy, way, selection, format));
        }
    }
}

TEST(RefuseSize, TheLimitItselfPasses) {
    const Policy policy{.to_guest = {.max_bytes = 10}, .from_guest = {.max_bytes = 0}};
    EXPECT_EQ(refuse_size(policy, Way::to_guest, 10), std::nullopt);
    EXPECT_EQ(refuse_size(policy, Way::to_guest, 11), Code::too_large);
    EXPECT_EQ(refuse_size(policy, Way::from_guest, 0), std::nullopt);
    EXPECT_EQ(refuse_size(policy, Way::from_guest, 1), Code::too_large);
}

TEST(RefuseFile, SwitchedOffGoesBeforeTooLarge) {
    EXPECT_EQ(refuse_file({.file_max = 10}, 10), std::nullopt);
    EXPECT_EQ(refuse_file({.file_max = 10}, 11), Code::too_large);
    EXPECT_EQ(refuse_file({.files_to_guest = false, .file_max = 10}, 11), Code::disabled);
}

TEST(PermitsPort, WhatNeedsLeaveHasToBeNamed) {
    EXPECT_TRUE(permits_port({}, "console", false));
    EXPECT_FALSE(permits_port({}, "agent", true));
    EXPECT_TRUE(permits_port({.any = true, .names = {"agent"}}, "agent", true));
    EXPECT_TRUE(permits_port({.any = true, .names = {"agent"}}, "console", false));
    EXPECT_FALSE(permits_port({.any = false, .names = {"agent"}}, "console", false));
    EXPECT_FALSE(permits_port({.any = false, .names = {}}, "console", false));
}

}  // namespace
}  // namespace vmcbridge::policy
